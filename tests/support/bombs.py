"""Components, as text, that use up whatever they get hold of; and some that behave."""

from __future__ import annotations

PLAIN = """
(component
  (core module $m
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "echo") (param $at i32) (param $length i32) (result i32)
      (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $length)) (i32.const 0))
    (func (export "loop") (loop (br 0)))
    (func $deep (export "recurse") (param i32) (result i32)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
    (func (export "grow")
      (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable)
    (func (export "long") (param $length i32) (result i32)
      (drop (memory.grow (i32.div_u (local.get $length) (i32.const 65536))))
      (memory.fill (i32.const 8) (i32.const 120) (local.get $length))
      (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (local.get $length)) (i32.const 0))
    (func (export "trap") unreachable))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "echo") (param "text" string) (result string)
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "loop") (canon lift (core func $i "loop")))
  (func (export "recurse") (param "n" u32) (result u32) (canon lift (core func $i "recurse")))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "long") (param "length" u32) (result string)
    (canon lift (core func $i "long") (memory (core memory $i "memory"))))
  (func (export "trap") (canon lift (core func $i "trap"))))
"""
"""Functions without imports: `add`, `echo`, `loop`, `recurse`, `grow`, `long` (a text of a length) and `trap`."""

MEMORIES = f"""
(component
  (core module $m (memory (export "memory") 256) (func (export "f")))
  {" ".join(f"(core instance $i{n} (instantiate $m))" for n in range(64))}
  (func (export "f") (canon lift (core func $i0 "f"))))
"""
"""64 memories of 16 MiB each."""

_STEP = "(local.set 0 (i64.xor (i64.mul (local.get 0) (i64.const 31)) (i64.rotl (local.get 0) (i64.const 7))))"
SLOW = f"""
(component (core module $m {f"(func (param i64) (result i64) {_STEP * 40} (local.get 0))" * 1500}))
"""
"""A component without functions that takes a second to compile."""

_STREAMS = """
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $inner-error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $inner-error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $stream-type))
"""


def writer(stream: str) -> str:
    """A component whose `write` writes `times` times 4096 letters `x` to `stdout` or `stderr`."""
    return f"""
(component
  {_STREAMS}
  (import "wasi:cli/{stream}@0.2.0" (instance $out
    (alias outer 1 $stream-type (type $outer-stream))
    (export "output-stream" (type $inner-stream (eq $outer-stream)))
    (export "get-{stream}" (func (result (own $inner-stream))))))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $out "get-{stream}")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $libc "memory"))))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "out" "get" (func $get (result i32)))
    (import "out" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "write") (param $times i32) (local $stream i32)
      (memory.fill (i32.const 64) (i32.const 120) (i32.const 4096))
      (local.set $stream (call $get))
      (block (loop
        (br_if 1 (i32.eqz (local.get $times)))
        (call $write (local.get $stream) (i32.const 64) (i32.const 4096) (i32.const 0))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br 0)))))
  (core instance $i (instantiate $m
    (with "libc" (instance $libc))
    (with "out" (instance (export "get" (func $get)) (export "write" (func $write))))))
  (func (export "write") (param "times" u32) (canon lift (core func $i "write"))))
"""


SLEEPER = """
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable-type))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable-type (type $outer-pollable))
    (export "pollable" (type $inner-pollable (eq $outer-pollable)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $inner-pollable))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $m
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (func (export "sleep") (param $ns i64) (call $block (call $subscribe (local.get $ns)))))
  (core instance $i (instantiate $m
    (with "host" (instance (export "subscribe" (func $subscribe)) (export "block" (func $block))))))
  (func (export "sleep") (param "ns" u64) (canon lift (core func $i "sleep"))))
"""
"""`sleep` waits in the host, where no trap reaches it."""
