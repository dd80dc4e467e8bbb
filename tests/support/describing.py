"""A component that exports the interface `agentctl:tool/tool`, whose `describe` is written by hand."""

from __future__ import annotations


def describing(describe: str) -> str:
    """The text of a component whose `describe` has this body, a core function that returns the place of the list.

    Its memory is empty, so that `i32.const 8` is the list of no tools.
    """
    types = """(type TYPE0 (record (field "name" string) (field "description" string) (field "input-schema" string)))
      (type TYPE1 (record (field "code" string) (field "message" string) (field "retryable" bool)))"""
    call = '(param "name" string) (param "args-json" string) (result (result string (error ERROR)))'
    return f"""(component
      (core module $m (memory (export "mem") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "describe") (result i32) {describe})
        (func (export "call") (param i32 i32 i32 i32) (result i32) (i32.const 8)))
      (core instance $i (instantiate $m))
      (alias core export $i "mem" (core memory $mem)) (alias core export $i "realloc" (core func $realloc))
      {types.replace("TYPE0", "$spec").replace("TYPE1", "$error")}
      (component $shim
        {types.replace("TYPE0", "$spec0").replace("TYPE1", "$error0")}
        (import "s" (type $s (eq $spec0))) (import "e" (type $e (eq $error0)))
        (import "d" (func $d (result (list $s)))) (import "c" (func $c {call.replace("ERROR", "$e")}))
        (export $s2 "tool-spec" (type $s)) (export $e2 "tool-error" (type $e))
        (export "describe" (func $d) (func (result (list $s2))))
        (export "call" (func $c) (func {call.replace("ERROR", "$e2")})))
      (func $d (result (list $spec)) (canon lift (core func $i "describe") (memory $mem)))
      (func $c {call.replace("ERROR", "$error")}
        (canon lift (core func $i "call") (memory $mem) (realloc $realloc)))
      (instance $tool (instantiate $shim
        (with "s" (type $spec)) (with "e" (type $error)) (with "d" (func $d)) (with "c" (func $c))))
      (export "agentctl:tool/tool@0.1.0" (instance $tool)))"""
