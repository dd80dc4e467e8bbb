"""From Python's values (see `values`) to those of wasmtime's C interface, by the type that a component expects.

A type is read once, when a function is defined, and becomes a writer; what is written is wasmtime's from then on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import _types as types

from agentctl.tools.wasm.http.handles import Handles
from agentctl.tools.wasm.http.native import OFFSET, SIZE, check
from agentctl.tools.wasm.http.values import Case, Err, Ok

Writer = Callable[[Any, Any, Any], None]
"""Writes a value: takes the store, the value, and where to."""

_NUMBERS: dict[type, tuple[Any, str]] = {
    types.Bool: (ffi.WASMTIME_COMPONENT_BOOL, "boolean"),
    types.S8: (ffi.WASMTIME_COMPONENT_S8, "s8"),
    types.U8: (ffi.WASMTIME_COMPONENT_U8, "u8"),
    types.S16: (ffi.WASMTIME_COMPONENT_S16, "s16"),
    types.U16: (ffi.WASMTIME_COMPONENT_U16, "u16"),
    types.S32: (ffi.WASMTIME_COMPONENT_S32, "s32"),
    types.U32: (ffi.WASMTIME_COMPONENT_U32, "u32"),
    types.S64: (ffi.WASMTIME_COMPONENT_S64, "s64"),
    types.U64: (ffi.WASMTIME_COMPONENT_U64, "u64"),
    types.F32: (ffi.WASMTIME_COMPONENT_F32, "f32"),
    types.F64: (ffi.WASMTIME_COMPONENT_F64, "f64"),
}


class Lowering:
    """Makes the writers of one component.

    Args:
        handles: where the objects of handles are kept.
        kinds: the number of each Python class whose objects are handed out.
    """

    def __init__(self, handles: Handles, kinds: dict[type, int]) -> None:
        self._handles = handles
        self._kinds = kinds

    def writer(self, type_: Any) -> Writer:
        """Return what writes values of a type.

        Raises:
            TypeError: the type is one that no interface here returns.
        """
        if number := _NUMBERS.get(type(type_)):
            return _number(*number)
        if make := _MAKERS.get(type(type_)):
            return make(self, type_)
        raise TypeError(f"{type(type_).__name__} is never returned")

    def own(self, context: Any, value: Any, into: Any) -> None:
        """Write a handle, and keep the object behind it."""
        number = self._handles.put(value)
        host = ffi.wasmtime_component_resource_host_new(True, number, self._kinds[type(value)])
        handle = ctypes.POINTER(ffi.wasmtime_component_resource_any_t)()
        error = ffi.wasmtime_component_resource_host_to_any(context, host, ctypes.byref(handle))
        ffi.wasmtime_component_resource_host_delete(host)
        check(error)
        into.kind, into.of.resource = ffi.WASMTIME_COMPONENT_RESOURCE, handle


def _number(kind: Any, name: str) -> Writer:
    def write(_context: Any, value: Any, into: Any) -> None:
        into.kind = kind
        setattr(into.of, name, value)

    return write


def _text(kind: Any, name: str) -> Writer:
    def write(_context: Any, value: Any, into: Any) -> None:
        into.kind = kind
        setattr(into.of, name, ffi.str_to_capi(value))

    return write


def _bytes(_context: Any, value: bytes, into: Any) -> None:
    """A list of u8, all at once: one by one they would take 1.4 µs each."""
    values = ffi.wasmtime_component_vallist_t()
    ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(values), len(value))
    if value:
        raw = bytearray(SIZE * len(value))  # the kind of a u8 fits in a byte too
        raw[0::SIZE] = bytes([ffi.WASMTIME_COMPONENT_U8.value]) * len(value)
        raw[OFFSET::SIZE] = value
        ctypes.memmove(values.data, bytes(raw), len(raw))
    into.kind, into.of.list = ffi.WASMTIME_COMPONENT_LIST, values


def _list(element: Writer) -> Writer:
    def write(context: Any, value: list[Any], into: Any) -> None:
        values = ffi.wasmtime_component_vallist_t()
        ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(values), len(value))
        for index, item in enumerate(value):
            element(context, item, values.data[index])
        into.kind, into.of.list = ffi.WASMTIME_COMPONENT_LIST, values

    return write


def _tuple(elements: list[Writer]) -> Writer:
    def write(context: Any, value: tuple[Any, ...], into: Any) -> None:
        values = ffi.wasmtime_component_valtuple_t()
        ffi.wasmtime_component_valtuple_new_uninit(ctypes.byref(values), len(elements))
        for index, (element, item) in enumerate(zip(elements, value, strict=True)):
            element(context, item, values.data[index])
        into.kind, into.of.tuple = ffi.WASMTIME_COMPONENT_TUPLE, values

    return write


def _record(fields: list[tuple[str, Writer]]) -> Writer:
    def write(context: Any, value: dict[str, Any], into: Any) -> None:
        values = ffi.wasmtime_component_valrecord_t()
        ffi.wasmtime_component_valrecord_new_uninit(ctypes.byref(values), len(fields))
        for index, (name, field) in enumerate(fields):
            values.data[index].name = ffi.str_to_capi(name)
            field(context, value[name], values.data[index].val)
        into.kind, into.of.record = ffi.WASMTIME_COMPONENT_RECORD, values

    return write


def _option(payload: Writer) -> Writer:
    def write(context: Any, value: Any, into: Any) -> None:
        into.of.option = None if value is None else _boxed(payload, context, value)
        into.kind = ffi.WASMTIME_COMPONENT_OPTION

    return write


def _result(ok: Writer | None, err: Writer | None) -> Writer:
    def write(context: Any, value: Ok | Err, into: Any) -> None:
        good = isinstance(value, Ok)
        inner = _boxed(ok if good else err, context, value.value)
        into.kind = ffi.WASMTIME_COMPONENT_RESULT
        into.of.result.is_ok, into.of.result.val = good, inner

    return write


def _variant(cases: dict[str, Writer | None]) -> Writer:
    def write(context: Any, value: Case, into: Any) -> None:
        inner = _boxed(cases[value.name], context, value.value)
        into.kind = ffi.WASMTIME_COMPONENT_VARIANT
        into.of.variant.discriminant, into.of.variant.val = ffi.str_to_capi(value.name), inner

    return write


def _boxed(writer: Writer | None, context: Any, value: Any) -> Any:
    if writer is None:
        return None
    inner = ffi.wasmtime_component_val_t()
    writer(context, value, inner)
    return ffi.wasmtime_component_val_new(ctypes.byref(inner))


def _maybe(lowering: Lowering, type_: Any) -> Writer | None:
    return None if type_ is None else lowering.writer(type_)


def _of_list(lowering: Lowering, type_: Any) -> Writer:
    element = type_.element
    return _bytes if isinstance(element, types.U8) else _list(lowering.writer(element))


_MAKERS: dict[type, Callable[[Lowering, Any], Writer]] = {
    types.String: lambda _, __: _text(ffi.WASMTIME_COMPONENT_STRING, "string"),
    types.EnumType: lambda _, __: _text(ffi.WASMTIME_COMPONENT_ENUM, "enumeration"),
    types.ListType: _of_list,
    types.TupleType: lambda lowering, type_: _tuple([lowering.writer(element) for element in type_.elements]),
    types.RecordType: lambda lowering, type_: _record([(n, lowering.writer(field)) for n, field in type_.fields]),
    types.OptionType: lambda lowering, type_: _option(lowering.writer(type_.payload)),
    types.ResultType: lambda lowering, type_: _result(_maybe(lowering, type_.ok), _maybe(lowering, type_.err)),
    types.VariantType: lambda lowering, type_: _variant({n: _maybe(lowering, payload) for n, payload in type_.cases}),
    types.OwnType: lambda lowering, _: lowering.own,
}
