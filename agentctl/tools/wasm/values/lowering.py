"""Writes plain values (see `accepting`) into wasmtime's C structures."""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import _ffi as ffi
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
from agentctl.tools.wasm.values.layout import PAYLOAD, SCALARS, STRIDE, TEXTS, VALUE


def write(kind: ValType, plain: Any, out: Any) -> None:
    """Fill the structure; what is filled in belongs to it, and goes when it is deleted."""
    if scalar := SCALARS.get(type(kind)):
        out.kind, _ = scalar
        setattr(out.of, scalar[1], plain)
    elif text := TEXTS.get(type(kind)):
        setattr(out.of, text[1], ffi.str_to_capi(plain))
        out.kind, _ = text
    else:
        _write_compound(kind, plain, out)


def _write_compound(kind: ValType, plain: Any, out: Any) -> None:
    match kind:
        case Char():
            out.kind, out.of.character = ffi.WASMTIME_COMPONENT_CHAR, ord(plain)
        case FlagsType():
            ffi.wasmtime_component_valflags_new_uninit(ctypes.byref(out.of.flags), len(plain))
            for i, name in enumerate(plain):
                out.of.flags.data[i] = ffi.str_to_capi(name)
            out.kind = ffi.WASMTIME_COMPONENT_FLAGS
        case ListType():
            ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(out.of.list), len(plain))
            _fill(out.of.list.data, kind.element, plain)
            out.kind = ffi.WASMTIME_COMPONENT_LIST
        case TupleType():
            ffi.wasmtime_component_valtuple_new_uninit(ctypes.byref(out.of.tuple), len(plain))
            for i, (element, each) in enumerate(zip(kind.elements, plain, strict=True)):
                write(element, each, out.of.tuple.data[i])
            out.kind = ffi.WASMTIME_COMPONENT_TUPLE
        case RecordType():
            ffi.wasmtime_component_valrecord_new_uninit(ctypes.byref(out.of.record), len(plain))
            for i, ((name, field), each) in enumerate(zip(kind.fields, plain, strict=True)):
                out.of.record.data[i].name = ffi.str_to_capi(name)
                write(field, each, out.of.record.data[i].val)
            out.kind = ffi.WASMTIME_COMPONENT_RECORD
        case OptionType() | ResultType() | VariantType():
            _write_case(kind, plain, out)
        case _:
            raise TypeError(kind)


def _fill(data: Any, element: ValType, plain: Any) -> None:
    if isinstance(element, U8) and plain:
        raw = bytearray(STRIDE * len(plain))
        raw[::STRIDE] = bytes([ffi.WASMTIME_COMPONENT_U8.value]) * len(plain)
        raw[PAYLOAD::STRIDE] = plain
        ctypes.memmove(data, (ctypes.c_char * len(raw)).from_buffer(raw), len(raw))
        return
    for i, each in enumerate(plain):
        write(element, each, data[i])


def _write_case(kind: OneOf, plain: tuple[str, Any], out: Any) -> None:
    name, payload = plain
    inner = dict(cases_of(kind))[name]
    pointer = None
    if inner is not None:
        value = VALUE()
        write(inner, payload, value)
        pointer = ffi.wasmtime_component_val_new(ctypes.byref(value))
    match kind:
        case OptionType():
            out.kind, out.of.option = ffi.WASMTIME_COMPONENT_OPTION, pointer
        case ResultType():
            out.kind, out.of.result.is_ok, out.of.result.val = ffi.WASMTIME_COMPONENT_RESULT, name == "ok", pointer
        case VariantType():
            out.of.variant.discriminant, out.of.variant.val = ffi.str_to_capi(name), pointer
            out.kind = ffi.WASMTIME_COMPONENT_VARIANT
