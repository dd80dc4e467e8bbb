"""What a file is told to be: a component that runs, one that waits for grants, or nothing that can be run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wasi_guest import guest
from support.wasm import engine
from support.wat import component
from wasmtime import Module, wat2wasm

from agentctl.tools.wasm.inspection.apart import inspect_apart
from agentctl.tools.wasm.inspection.inspector import Inspection, inspect
from agentctl.tools.wasm.inspection.preamble import imported

_WASI1 = '(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))'
_KINDS = {
    "empty": (b"", "not-wasm", "empty"),
    "text": (b"(component)", "not-wasm", "no WebAssembly"),
    "a program": (b"\x7fELF" + bytes(60), "not-wasm", "no WebAssembly"),
    "cut short": (b"\0asm\x01", "not-wasm", "cut short"),
    "another version": (b"\0asm\x02\0\0\0", "not-wasm", "not known"),
    "another layer": (b"\0asm\x0d\0\x02\0", "not-wasm", "not known"),
    "an old draft": (b"\0asm\x0c\0\x01\0", "not-wasm", "not known"),
    "a core module": (b"\0asm\x01\0\0\0", "core", "core module"),
    "a core module with more": (bytes(wat2wasm('(module (import "env" "f" (func)))')), "core", "core module"),
    "a broken component": (b"\0asm\x0d\0\x01\0\xff\xff", "component", "does not compile"),
    "an empty component": (b"\0asm\x0d\0\x01\0", "component", "exports no function"),
}


def _inspected(text: str) -> Inspection:
    return inspect(bytes(wat2wasm(text)), engine())


@pytest.mark.parametrize("name", _KINDS)
def test_what_is_no_runnable_component_is_refused(name: str) -> None:
    """The first bytes tell the kind, and the reason says what is wrong."""
    data, kind, words = _KINDS[name]
    found = inspect(data, engine())
    assert (found.kind, found.verdict) == (kind, "refused")
    assert words in (found.reason or "")


def test_preview_1_is_refused_by_name_and_with_the_way_out() -> None:
    """A module for WASI preview 1 is told apart from others, with what it imports and how to migrate it."""
    text = f'(module {_WASI1} (import "env" "mem" (memory 1)) (import "wasi_unstable" "args_get" (func)))'
    found = _inspected(text)
    assert (found.kind, found.verdict) == ("core-preview1", "refused")
    assert found.imports == ("wasi_snapshot_preview1.fd_write", "env.mem", "wasi_unstable.args_get")
    assert "wasi_snapshot_preview1.fd_write" in (found.reason or "")
    assert "agentctl tools migrate FILE" in (found.reason or "")


def test_imports_of_every_kind_are_read_as_wasmtime_reads_them() -> None:
    """The parser of import sections agrees with wasmtime's on each kind of import."""
    text = """(module (type (func (param i32)))
      (import "a" "table" (table 1 2 funcref)) (import "b" "memory" (memory 1))
      (import "c" "large" (memory i64 1 70000)) (import "d" "global" (global (mut i64)))
      (import "e" "refs" (global externref)) (import "f" "function" (func (type 0))) (import "ü" "" (func)))"""
    data = bytes(wat2wasm(text))
    expected = tuple(f"{each.module}.{each.name}" for each in Module(engine(), data).imports)
    assert imported(data) == expected


@given(st.binary(max_size=60), st.sampled_from([b"", b"\0asm\x01\0\0\0", b"\0asm\x01\0\0\0\x02"]))
def test_no_bytes_break_it(data: bytes, start: bytes) -> None:
    """Whatever a file holds, there is an answer."""
    assert inspect(start + data, engine()).verdict == "refused"


def test_all_of_wasi_can_run_and_says_what_it_finds() -> None:
    """A component that imports everything runs ungranted; only what HTTP is for waits for a grant."""
    found = _inspected(guest("0.2.5"))
    assert found.capabilities == ("clock", "env", "files", "http", "random", "sockets", "stdio")
    assert found.verdict == "needs-grants"
    assert "wasi:clocks/wall-clock@0.2.5" in found.imports
    for words in ("HTTP", "net:HOST", "no files", "stands still", "sockets that refuse"):
        assert words in (found.reason or "")


def test_what_needs_nothing_is_ok_without_a_word() -> None:
    """A component without imports is ok, and its functions are told with their schemas."""
    body = '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))'
    found = _inspected(component("", (), body, [("add", '(param "a" u8) (param "b" s8) (result u32)')]))
    assert (found.verdict, found.reason, found.capabilities, found.imports) == ("ok", None, (), ())
    (add,) = found.exports
    assert (add.name, add.description) == ("add", "add(a, b)")
    assert add.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 0, "maximum": 255},
            "b": {"type": "integer", "minimum": -128, "maximum": 127},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert add.result == {"type": "integer", "minimum": 0, "maximum": 4294967295}


_INTERFACE = """(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
  (func $f (canon lift (core func $m "f"))) (instance $i (export "call" (func $f)))
  (export "agentctl:tool/tool@0.1.0" (instance $i)))"""


def test_functions_of_interfaces_are_named_with_it() -> None:
    """An exported interface's function is the interface's name, `#` and its own."""
    assert [each.name for each in _inspected(_INTERFACE).exports] == ["agentctl:tool/tool@0.1.0#call"]


_RESOURCE = """(component
  (type $r (resource (rep i32))) (export $thing "thing" (type $r))
  (core func $new (canon resource.new $r))
  (core module $m (import "h" "new" (func $new (param i32) (result i32)))
    (func (export "f") (result i32) (call $new (i32.const 1))) (func (export "g")))
  (core instance $m (instantiate $m (with "h" (instance (export "new" (func $new))))))
  (func (export "make") (result (own $thing)) (canon lift (core func $m "f")))
  MORE)"""


def test_a_component_whose_only_function_has_no_json_form_is_refused() -> None:
    """A resource can't be passed on, and the reason names the function."""
    found = _inspected(_RESOURCE.replace("MORE", ""))
    assert found.verdict == "refused"
    assert "make can't be called" in (found.reason or "")


def test_a_function_without_a_json_form_does_not_hide_others() -> None:
    """Of several functions, those that can be called are told."""
    found = _inspected(_RESOURCE.replace("MORE", '(func (export "go") (canon lift (core func $m "g")))'))
    assert ([each.name for each in found.exports], found.verdict) == (["go"], "ok")


def test_an_import_without_a_rule_is_refused_before_it_runs() -> None:
    """The reason names the import."""
    text = """(component (import "wasi:nn/graph@0.2.0" (instance (export "load" (func))))
      (core module $m (func (export "f"))) (core instance $m (instantiate $m))
      (func (export "f") (canon lift (core func $m "f"))))"""
    found = _inspected(text)
    assert found.verdict == "refused"
    assert "wasi:nn/graph@0.2.0" in (found.reason or "")


def test_types_that_unfold_to_millions_are_refused() -> None:
    """A few bytes of types can stand for a schema without end."""
    doubled = "".join(f"(type $t{i + 1} (tuple $t{i} $t{i}))" for i in range(17))
    text = f"""(component (type $t0 (tuple u8 u8)) {doubled}
      (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)))
      (core instance $m (instantiate $m))
      (func (export "f") (result $t17) (canon lift (core func $m "f") (memory (core memory $m "m")))))"""
    found = _inspected(text)
    assert found.verdict == "refused"
    assert "too large" in (found.reason or "")


def _wide(count: int) -> str:
    exports = "".join(f'(export "f{i}" (func $f))' for i in range(count))
    return """(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
      (func $f (canon lift (core func $m "f"))) EXPORTS)""".replace("EXPORTS", exports)


def _nested(count: int) -> str:
    exports = "".join(f'(export "f{i}" (func $f))' for i in range(count))
    return _wide(0).replace(" )", f' (instance $i {exports}) (export "a:b/c@1.0.0" (instance $i)))')


@pytest.mark.parametrize("text", [_wide(1_001), _nested(1_001)], ids=["functions", "in an interface"])
def test_a_component_of_very_many_exports_is_refused(text: str) -> None:
    """What it takes to tell them grows with the square of their number."""
    found = _inspected(text)
    assert (found.kind, found.verdict, found.exports) == ("component", "refused", ())
    assert "more than 1,000 exports" in (found.reason or "")


def test_what_is_inspected_apart_is_the_same() -> None:
    """The other process tells all that this one would."""
    for text in (guest("0.2.5"), _INTERFACE, "(module)"):
        data = bytes(wat2wasm(text))
        assert inspect_apart(data) == inspect(data, engine())


@pytest.mark.parametrize(
    ("limits", "words"), [({"seconds": 0.001}, "more than 0.001 s"), ({"memory": 1 << 24}, "more than 16 MB of memory")]
)
def test_an_inspection_ends_at_its_limits(limits: dict[str, Any], words: str) -> None:
    """What takes too long or too much is refused, and what it is so far is told."""
    found = inspect_apart(bytes(wat2wasm(_INTERFACE)), **limits)
    assert (found.kind, found.verdict) == ("component", "refused")
    assert words in (found.reason or "")


def test_a_file_of_empty_sections_is_told_at_once() -> None:
    """A header and zeros is no component, whatever its size."""
    found = inspect_apart(b"\0asm\x0d\0\x01\0" + bytes(64 << 20), seconds=10)
    assert (found.kind, found.verdict) == ("component", "refused")
    assert "does not compile" in (found.reason or "")
