"""Components in WebAssembly's text form: the plumbing of the canonical ABI around a core module written by hand.

Source: https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LIBC = """
  (core module $libc
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (block $enough
        (br_if $enough (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
"""
_OPTIONS = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))'


@dataclass(frozen=True, slots=True)
class Host:
    """An imported function: its name in the core module, the instance and name it has there, and its core type."""

    name: str
    instance: str
    export: str
    core: str


def component(imports: str, hosts: Sequence[Host], body: str, exports: Sequence[tuple[str, str]]) -> str:
    """Return a component: imports of instances as text, those of their functions that are used, and core functions.

    Each of `exports` is a core function of that name, and the type as which the component exports it. The core module
    has a memory of which the first 64 KiB are its own, and `realloc`.
    """
    lowered = "\n".join(
        f'  (core func ${each.name} (canon lower (func {each.instance} "{each.export}") {_OPTIONS}))' for each in hosts
    )
    imported = "\n".join(f'    (import "host" "{each.name}" (func ${each.name} {each.core}))' for each in hosts)
    passed = " ".join(f'(export "{each.name}" (func ${each.name}))' for each in hosts)
    lifted = "\n".join(
        f'  (func (export "{name}") {kind} (canon lift (core func $main "{name}") {_OPTIONS}))'
        for name, kind in exports
    )
    return f"""(component
{imports}
{_LIBC}
{lowered}
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
{imported}
{body})
  (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance {passed}))))
{lifted})"""


def identity(kind: str, types: str = "") -> str:
    """Return a component whose `echo` takes a `value` of a type, and returns the tuple of it and 0.

    Seventeen parameters are more than are passed one by one, so a pointer to all is passed; what a result of two parts
    looks like in memory is how the first two of them do.

    Args:
        kind: the type, as it is written in a component.
        types: definitions that it refers to.
    """
    more = " ".join(f'(param "p{i}" u8)' for i in range(16))
    body = '    (func (export "echo") (param i32) (result i32) (local.get 0))'
    return component(types, (), body, [("echo", f'(param "value" {kind}) {more} (result (tuple {kind} u8))')])
