"""Reads plain values (see `accepting`) out of wasmtime's C structures, which stay as they are."""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime.component import (
    U8,
    Char,
    FlagsType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    TupleType,
    ValType,
    VariantType,
)

from agentctl.tools.wasm.values.cases import OneOf, cases_of
from agentctl.tools.wasm.values.layout import PAYLOAD, SCALARS, STRIDE, TEXTS


def read(kind: ValType, raw: Any) -> Any:  # noqa: PLR0911 - one for each kind of type
    """Return the plain value in the structure."""
    if scalar := SCALARS.get(type(kind)):
        return getattr(raw.of, scalar[1])
    if text := TEXTS.get(type(kind)):
        return _string(getattr(raw.of, text[1]))
    match kind:
        case Char():
            return chr(raw.of.character)
        case FlagsType():
            held = {_string(raw.of.flags.data[i]) for i in range(raw.of.flags.size)}
            return [name for name in kind.names if name in held]
        case ListType():
            return _elements(kind.element, raw.of.list)
        case TupleType():
            return [read(element, raw.of.tuple.data[i]) for i, element in enumerate(kind.elements)]
        case RecordType():
            return [read(field, raw.of.record.data[i].val) for i, (_, field) in enumerate(kind.fields)]
        case OptionType() | ResultType() | VariantType():
            return _read_case(kind, raw)
        case _:
            raise TypeError(kind)


def _elements(element: ValType, raw: Any) -> Any:
    if not isinstance(element, U8):
        return [read(element, raw.data[i]) for i in range(raw.size)]
    return ctypes.string_at(raw.data, raw.size * STRIDE)[PAYLOAD::STRIDE] if raw.size else b""


def _read_case(kind: OneOf, raw: Any) -> tuple[str, Any]:
    match kind:
        case OptionType():
            name, pointer = ("some" if raw.of.option else "none"), raw.of.option
        case ResultType():
            name, pointer = ("ok" if raw.of.result.is_ok else "err"), raw.of.result.val
        case VariantType():
            name, pointer = _string(raw.of.variant.discriminant), raw.of.variant.val
    inner = dict(cases_of(kind))[name]
    return name, None if inner is None else read(inner, pointer.contents)


def _string(vector: Any) -> str:
    return ctypes.string_at(vector.data, vector.size).decode() if vector.size else ""
