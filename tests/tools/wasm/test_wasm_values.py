"""JSON crosses the border of a component and comes back the same, whatever its type."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wasm import compiled, engine, run
from support.wat import identity

from agentctl.errors import ToolError
from agentctl.tools.wasm.inspection.inspector import inspect_component

_ints = {f"{sign}{bits}": (bits, sign == "s") for bits in (8, 16, 32, 64) for sign in "su"}
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_bytes = st.binary(max_size=50).map(lambda data: base64.b64encode(data).decode())
_float64 = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"])
_float32 = st.floats(width=32, allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity"])

_COLOR = '(type $color (enum "red" "green" "blue-ish"))'
_FLAGS = '(type $flags (flags "a" "b" "long-name"))'
_POINT = '(type $point (record (field "x" s32) (field "name" string) (field "maybe" (option f64))))'
_SHAPE = '(type $shape (variant (case "none") (case "number" s64) (case "truth" bool) (case "text" string)))'
_LOOSE = '(type $loose (variant (case "maybe" (option u32)) (case "text" string)))'


def _one(name: str, payload: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return payload.map(lambda value: {name: value})


_null = st.none()
_point = st.fixed_dictionaries({"x": st.integers(-(2**31), 2**31 - 1), "name": _text, "maybe": _null | _float64})
_shape = _one("none", _null) | _one("number", st.integers(-(2**63), 2**63 - 1)) | _one("truth", st.booleans())
_u32 = st.integers(0, 2**32 - 1)


def _int(kind: str) -> st.SearchStrategy[int]:
    bits, signed = _ints[kind]
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


# A type, the definitions that it needs, and its JSON.
TYPES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    **{kind: ("", _int(kind)) for kind in _ints},
    "bool": ("", st.booleans()),
    "f32": ("", _float32),
    "f64": ("", _float64),
    "char": ("", st.characters(exclude_categories=["Cs"])),
    "string": ("", _text),
    "(list u8)": ("", _bytes),
    "(list bool)": ("", st.lists(st.booleans(), max_size=5)),
    "(list (list string))": ("", st.lists(st.lists(_text, max_size=3), max_size=3)),
    "(tuple u8 string (list u8))": ("", st.tuples(st.integers(0, 255), _text, _bytes).map(list)),
    "$color": (_COLOR, st.sampled_from(["red", "green", "blue-ish"])),
    "$flags": (_FLAGS, st.sets(st.sampled_from(["a", "b", "long-name"])).map(sorted)),
    "$point": (_POINT, _point),
    "(list $point)": (_POINT, st.lists(_point, max_size=3)),
    "(option string)": ("", _null | _text),
    "(option (option u32))": ("", _null | _one("some", _null | _u32)),
    "(option (list (option bool)))": ("", _null | st.lists(_null | st.booleans(), max_size=3)),
    "$shape": (_SHAPE, _shape | _one("text", _text)),
    "(list $shape)": (_SHAPE, st.lists(_shape, max_size=3)),
    "$loose": (_LOOSE, _one("maybe", _null | _u32) | _one("text", _text)),
    "(result)": ("", _one("ok", _null) | _one("err", _null)),
    "(result u32)": ("", _one("ok", _u32) | _one("err", _null)),
    "(result (error string))": ("", _one("ok", _null) | _one("err", _text)),
    "(result string (error string))": ("", _one("ok", _text) | _one("err", _text)),
    "(result u32 (error bool))": ("", _one("ok", _u32) | _one("err", st.booleans())),
    "(result bool (error u32))": ("", _one("ok", st.booleans()) | _one("err", _u32)),
    "(result (option u32) (error string))": ("", _one("ok", _null | _u32) | _one("err", _text)),
    "(result (list u8) (error $color))": (_COLOR, _one("ok", _bytes) | _one("err", st.just("red"))),
    "(result (result u32 (error u32)) (error $shape))": (
        _SHAPE,
        _one("ok", _one("ok", _u32) | _one("err", _u32)) | _one("err", _shape),
    ),
}


PADDING = {f"p{i}": i for i in range(16)}


def _echoed(text: str, value: Any) -> Any:
    back, zero = run(text, "echo", value=value, **PADDING)
    assert zero == 0
    return back


def _echo(kind: str, definitions: str) -> str:
    named = [f'(import "{name[1:]}" (type {name}-named (eq {name})))' for name in ("$color", "$flags", "$point")]
    named += [f'(import "{name[1:]}" (type {name}-named (eq {name})))' for name in ("$shape", "$loose")]
    used = " ".join(each for each in named if each.split("(eq ")[1].rstrip(")") in definitions)
    for name in ("$color", "$flags", "$point", "$shape", "$loose"):
        kind = kind.replace(name, f"{name}-named")
    return identity(kind, f"{definitions} {used}")


@pytest.mark.parametrize("kind", TYPES)
@given(st.data())
@settings(max_examples=15, deadline=None)
def test_a_value_comes_back_as_it_was_sent(kind: str, data: st.DataObject) -> None:
    """A component that returns its argument returns the same JSON, and both schemas take it."""
    definitions, values = TYPES[kind]
    text = _echo(kind, definitions)
    value = data.draw(values)
    back = _echoed(text, value)
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)  # unlike ==, it tells 0.0 from -0.0
    (function,) = inspect_component(compiled(text), engine()).exports
    jsonschema.Draft202012Validator(function.result or {}).validate([back, 0])
    jsonschema.Draft202012Validator(function.parameters["properties"]["value"]).validate(value)


WRONG: list[tuple[str, Any, str]] = [
    ("u8", 256, "value must be an integer from 0 to 255"),
    ("u8", -1, "integer"),
    ("u8", 1.5, "integer"),
    ("u8", True, "integer"),
    ("u8", "1", "integer"),
    ("s64", 2**63, "integer"),
    ("f32", 1e300, "fits"),
    ("f64", 10**400, "fits"),
    ("f64", "nan", "number"),
    ("bool", 1, "true or false"),
    ("char", "ab", "one character"),
    ("char", "\ud800", "surrogate"),
    ("string", "a\udc80", "surrogate"),
    ("string", None, "string"),
    ("(list u8)", "not base64!", "base64"),
    ("(list u8)", "é", "base64"),
    ("(list u8)", [1, 2], "string"),
    ("(list bool)", {"0": True}, "array"),
    ("(list bool)", [True, 3], r"value\[1\] must be true or false"),
    ("(tuple u8 string (list u8))", [1, "a"], "an array of 3"),
    ("$color", "Red", "one of red"),
    ("$color", ["red"], "one of red"),
    ("$flags", ["a", "c"], "an array of a"),
    ("$flags", [["a"]], "an array of a"),
    ("$point", {"x": 1}, "lacks name"),
    ("$point", {"x": 1, "name": "n", "y": 2}, "has no 'y'"),
    ("$point", {"x": 1, "name": 2}, r"value\.name must be a string"),
    ("(list $point)", [{"x": "1", "name": ""}], r"value\[0\]\.x must be an integer"),
    ("$shape", "text", "just one of none, number, truth, text"),
    ("$shape", {"text": "a", "number": 1}, "just one of"),
    ("$shape", {"other": 1}, "just one of"),
    ("$shape", {"none": 1}, r"value\.none must be null"),
    ("(option (option u32))", 3, "just one of some"),
    ("(option (option u32))", {"none": None}, "just one of some"),
    ("(result u32)", {"ok": "1"}, r"value\.ok must be an integer"),
]


@pytest.mark.parametrize(("kind", "value", "message"), WRONG)
def test_a_value_of_another_type_is_refused_by_its_path(kind: str, value: Any, message: str) -> None:
    """What is no value of the type never reaches the component, and the message says where it is."""
    with pytest.raises(ToolError, match=message) as caught:
        _echoed(_echo(kind, TYPES[kind][0]), value)
    assert caught.value.reason == "invalid"


@pytest.mark.parametrize("arguments", [{}, {"value": 1, "more": 2}, {"Value": 1}])
def test_arguments_are_just_those_of_the_function(arguments: dict[str, Any]) -> None:
    """A missing argument and one too many are refused."""
    with pytest.raises(ToolError) as caught:
        run(identity("u32"), "echo", **PADDING, **arguments)
    assert caught.value.reason == "invalid"


def test_an_argument_that_may_be_null_may_be_left_out() -> None:
    """An option that is not given is null."""
    text = _echo("(option string)", "")
    assert run(text, "echo", **PADDING) == [None, 0]


@pytest.mark.parametrize(("kind", "bits"), [("f32", 0x7FA00001), ("f64", 0x7FF4000000000001)])
def test_every_nan_is_nan(kind: str, bits: int) -> None:
    """A NaN with a payload, which JSON has no form for either, comes back as the same text."""
    number = struct.unpack("<f", struct.pack("<I", bits))[0] if kind == "f32" else math.nan
    assert math.isnan(number)
    constant = f"nan:{bits & 0x7FFFFF:#x}" if kind == "f32" else f"nan:{bits & 0xFFFFFFFFFFFFF:#x}"
    text = f"""(component (core module $m (func (export "f") (result {kind}) ({kind}.const {constant})))
      (core instance $m (instantiate $m)) (func (export "f") (result {kind}) (canon lift (core func $m "f"))))"""
    assert run(text, "f") == "NaN"


def test_a_megabyte_of_bytes_does_not_take_a_second_each() -> None:
    """Bytes are carried as a whole, not one by one."""
    value = base64.b64encode(bytes(range(256)) * 2048).decode()
    assert _echoed(_echo("(list u8)", ""), value) == value
