"""Calls a component's function with plain values (see `values`), over wasmtime's C structures.

wasmtime's own Python conversion gives and takes the payload of a variant without its case where it believes that the
class of the payload tells which it is; for `variant { number(s64), truth(bool) }` or `result<option<u32>, string>` it
doesn't. It also makes an object of each byte of a `list<u8>`. So this reads and writes the same structures itself.

Source: https://docs.wasmtime.dev/c-api/val_8h.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime.component import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    EnumType,
    FlagsType,
    Func,
    FuncType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    String,
    TupleType,
    ValType,
    VariantType,
)

from agentctl.tools.wasm.values import cases_of

_SCALARS: dict[type, tuple[Any, str]] = {
    Bool: (ffi.WASMTIME_COMPONENT_BOOL, "boolean"),
    S8: (ffi.WASMTIME_COMPONENT_S8, "s8"),
    S16: (ffi.WASMTIME_COMPONENT_S16, "s16"),
    S32: (ffi.WASMTIME_COMPONENT_S32, "s32"),
    S64: (ffi.WASMTIME_COMPONENT_S64, "s64"),
    U8: (ffi.WASMTIME_COMPONENT_U8, "u8"),
    U16: (ffi.WASMTIME_COMPONENT_U16, "u16"),
    U32: (ffi.WASMTIME_COMPONENT_U32, "u32"),
    U64: (ffi.WASMTIME_COMPONENT_U64, "u64"),
    F32: (ffi.WASMTIME_COMPONENT_F32, "f32"),
    F64: (ffi.WASMTIME_COMPONENT_F64, "f64"),
}
_TEXTS: dict[type, tuple[Any, str]] = {
    String: (ffi.WASMTIME_COMPONENT_STRING, "string"),
    EnumType: (ffi.WASMTIME_COMPONENT_ENUM, "enumeration"),
}
_VALUE = ffi.wasmtime_component_val_t
_STRIDE = ctypes.sizeof(_VALUE)
_PAYLOAD = _VALUE.of.offset


def invoke(func: Func, store: wasmtime.Store, kind: FuncType, arguments: Sequence[Any]) -> Any:
    """Call the function with plain values, and return its result as one; None if it has none.

    Raises:
        WasmtimeError: the call ended in a trap.
    """
    params, result_kind = kind.params, kind.result
    lowered = (_VALUE * len(params))()
    result = _VALUE()
    try:
        for (_, param), argument, out in zip(params, arguments, lowered, strict=True):
            _write(param, argument, out)
        place, count = (ctypes.byref(result), 1) if result_kind is not None else (None, 0)
        context = store._context()  # noqa: SLF001 - the package has no public way to call with values of one's own
        error = ffi.wasmtime_component_func_call(ctypes.byref(func._func), context, lowered, len(params), place, count)  # noqa: SLF001
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001
        return None if result_kind is None else _read(result_kind, result)
    finally:
        for value in (*lowered, result):
            ffi.wasmtime_component_val_delete(ctypes.byref(value))


def is_async(kind: FuncType) -> bool:
    """Whether the function is lifted as asynchronous, which can't be called from here."""
    return bool(ffi.wasmtime_component_func_type_async(kind.ptr()))


def _write(kind: ValType, plain: Any, out: Any) -> None:
    """Fill the structure; what is filled in belongs to it, and goes when it is deleted."""
    if scalar := _SCALARS.get(type(kind)):
        out.kind, _ = scalar
        setattr(out.of, scalar[1], plain)
    elif text := _TEXTS.get(type(kind)):
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
                _write(element, each, out.of.tuple.data[i])
            out.kind = ffi.WASMTIME_COMPONENT_TUPLE
        case RecordType():
            ffi.wasmtime_component_valrecord_new_uninit(ctypes.byref(out.of.record), len(plain))
            for i, ((name, field), each) in enumerate(zip(kind.fields, plain, strict=True)):
                out.of.record.data[i].name = ffi.str_to_capi(name)
                _write(field, each, out.of.record.data[i].val)
            out.kind = ffi.WASMTIME_COMPONENT_RECORD
        case OptionType() | ResultType() | VariantType():
            _write_case(kind, plain, out)
        case _:
            raise TypeError(kind)


def _fill(data: Any, element: ValType, plain: Any) -> None:
    if isinstance(element, U8) and plain:
        raw = bytearray(_STRIDE * len(plain))
        raw[::_STRIDE] = bytes([ffi.WASMTIME_COMPONENT_U8.value]) * len(plain)
        raw[_PAYLOAD::_STRIDE] = plain
        ctypes.memmove(data, (ctypes.c_char * len(raw)).from_buffer(raw), len(raw))
        return
    for i, each in enumerate(plain):
        _write(element, each, data[i])


def _write_case(kind: OptionType | ResultType | VariantType, plain: tuple[str, Any], out: Any) -> None:
    name, payload = plain
    inner = dict(cases_of(kind))[name]
    pointer = None
    if inner is not None:
        value = _VALUE()
        _write(inner, payload, value)
        pointer = ffi.wasmtime_component_val_new(ctypes.byref(value))
    match kind:
        case OptionType():
            out.kind, out.of.option = ffi.WASMTIME_COMPONENT_OPTION, pointer
        case ResultType():
            out.kind, out.of.result.is_ok, out.of.result.val = ffi.WASMTIME_COMPONENT_RESULT, name == "ok", pointer
        case VariantType():
            out.of.variant.discriminant, out.of.variant.val = ffi.str_to_capi(name), pointer
            out.kind = ffi.WASMTIME_COMPONENT_VARIANT


def _read(kind: ValType, raw: Any) -> Any:
    if scalar := _SCALARS.get(type(kind)):
        return getattr(raw.of, scalar[1])
    if text := _TEXTS.get(type(kind)):
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
            return [_read(element, raw.of.tuple.data[i]) for i, element in enumerate(kind.elements)]
        case RecordType():
            return [_read(field, raw.of.record.data[i].val) for i, (_, field) in enumerate(kind.fields)]
        case OptionType() | ResultType() | VariantType():
            return _read_case(kind, raw)
        case _:
            raise TypeError(kind)


def _elements(element: ValType, raw: Any) -> Any:
    if not isinstance(element, U8):
        return [_read(element, raw.data[i]) for i in range(raw.size)]
    return ctypes.string_at(raw.data, raw.size * _STRIDE)[_PAYLOAD::_STRIDE] if raw.size else b""


def _read_case(kind: OptionType | ResultType | VariantType, raw: Any) -> tuple[str, Any]:
    match kind:
        case OptionType():
            name, pointer = ("some" if raw.of.option else "none"), raw.of.option
        case ResultType():
            name, pointer = ("ok" if raw.of.result.is_ok else "err"), raw.of.result.val
        case VariantType():
            name, pointer = _string(raw.of.variant.discriminant), raw.of.variant.val
    inner = dict(cases_of(kind))[name]
    return name, None if inner is None else _read(inner, pointer.contents)


def _string(vector: Any) -> str:
    return ctypes.string_at(vector.data, vector.size).decode() if vector.size else ""
