"""JSON to values of a component's types, by the forms that `schema` describes.

What comes out is plain and has no doubt in it: records, tuples and lists are lists, `list<u8>` is bytes, flags are a
list of names, and a case is the pair of its name and its payload; an option is one too, `some` or `none`. `presenting`
makes JSON of it again, and `abi` carries it over the border.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from wasmtime.component import (
    F32,
    F64,
    U8,
    Bool,
    Char,
    EnumType,
    FlagsType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    String,
    TupleType,
    ValType,
    VariantType,
)

from agentctl.errors import ToolError
from agentctl.tools.wasm.values.cases import OneOf, cases_of
from agentctl.tools.wasm.values.schema import INTEGERS, NOT_NUMBERS, UnsupportedTypeError, nullable

_SHOWN = 60  # characters of a wrong value in a message


def accept_arguments(params: Sequence[tuple[str, ValType]], arguments: Mapping[str, Any]) -> list[Any]:
    """Return a call's arguments in order; one that is left out is null, where that is a value.

    Raises:
        ToolError: they are not what the function takes; the message says where.
    """
    return _fields(params, arguments, "arguments")


def accept(kind: ValType, value: Any, path: str = "value") -> Any:  # noqa: PLR0911 - one for each kind of type
    """Return the plain form of a JSON value.

    Raises:
        ToolError: it is no value of the type; the message says where in it.
    """
    if type(kind) in INTEGERS:
        return _integer(kind, value, path)
    match kind:
        case Bool():
            return value if isinstance(value, bool) else _refuse(path, "true or false", value)
        case F32() | F64():
            return _float(kind, value, path)
        case Char():
            return value if len(_text(value, path)) == 1 else _refuse(path, "one character", value)
        case String():
            return _text(value, path)
        case EnumType():
            return value if value in kind.names else _refuse(path, f"one of {', '.join(kind.names)}", value)
        case FlagsType():
            return _flags(kind, value, path)
        case _:
            return _compound(kind, value, path)


def _compound(kind: ValType, value: Any, path: str) -> Any:
    match kind:
        case ListType():
            element = kind.element
            if isinstance(element, U8):
                return _bytes(value, path)
            return [accept(element, each, f"{path}[{i}]") for i, each in enumerate(_array(value, path))]
        case RecordType():
            return _fields(kind.fields, value, path)
        case TupleType():
            elements = kind.elements
            if len(_array(value, path)) != len(elements):
                _refuse(path, f"an array of {len(elements)}", value)
            return [
                accept(element, each, f"{path}[{i}]")
                for i, (element, each) in enumerate(zip(elements, value, strict=True))
            ]
        case OptionType() | VariantType() | ResultType():
            return _case(kind, value, path)
        case _:
            raise UnsupportedTypeError(f"{path} is of a type that has no JSON form", reason="invalid")


def _integer(kind: ValType, value: Any, path: str) -> int:
    least, greatest = INTEGERS[type(kind)]
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(whole, int) or isinstance(whole, bool) or not least <= whole <= greatest:
        _refuse(path, f"an integer from {least} to {greatest}", value)
    return int(whole)


def _float(kind: ValType, value: Any, path: str) -> float:
    if value in NOT_NUMBERS and isinstance(value, str):
        return float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        _refuse(path, "a number", value)
    try:
        number = float(value)
        if isinstance(kind, F32):
            struct.pack("<f", number)
    except OverflowError:
        _refuse(path, "a number that fits the type", value)
    return number


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        _refuse(path, "a string", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(path, "text without half of a surrogate pair", value)
    return str(value)


def _bytes(value: Any, path: str) -> bytes:
    try:
        return base64.b64decode(_text(value, path), validate=True)
    except (binascii.Error, ValueError):
        _refuse(path, "base64", value)
        raise


def _flags(kind: FlagsType, value: Any, path: str) -> list[str]:
    names = kind.names
    if any(each not in names for each in _array(value, path)):
        _refuse(path, f"an array of {', '.join(names)}", value)
    return [name for name in names if name in value]


def _array(value: Any, path: str) -> list[Any]:
    return value if isinstance(value, list) else _refuse(path, "an array", value)


def _fields(fields: Sequence[tuple[str, ValType]], value: Any, path: str) -> list[Any]:
    if not isinstance(value, Mapping):
        _refuse(path, "an object", value)
    names = [name for name, _ in fields]
    if unknown := [str(key) for key in value if key not in names]:
        known = f"it has {', '.join(names)}" if names else "it has nothing"
        raise ToolError(f"{path} has no {unknown[0][:_SHOWN]!r}", hint=known, reason="invalid")
    for name, kind in fields:
        if name not in value and not isinstance(kind, OptionType):
            raise ToolError(f"{path} lacks {name}", hint=f"it has {', '.join(names)}", reason="invalid")
    return [accept(kind, value.get(name), f"{path}.{name}") for name, kind in fields]


def _case(kind: OneOf, value: Any, path: str) -> tuple[str, Any]:
    if isinstance(kind, OptionType) and (value is None or not nullable(kind.payload)):
        return ("none", None) if value is None else ("some", accept(kind.payload, value, path))
    cases = dict(cases_of(kind))
    cases.pop("none", None) if isinstance(kind, OptionType) else None
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in cases:
        _refuse(path, f"an object with just one of {', '.join(cases)}", value)
    ((name, payload),) = value.items()
    inner = cases[name]
    if inner is not None:
        return name, accept(inner, payload, f"{path}.{name}")
    return (name, None) if payload is None else _refuse(f"{path}.{name}", "null", payload)


def _refuse(path: str, wanted: str, value: Any) -> Any:
    text = json.dumps(value, default=repr)
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    raise ToolError(f"{path} must be {wanted}, and is {shown}", reason="invalid")
