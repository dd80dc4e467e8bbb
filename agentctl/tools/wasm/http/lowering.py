"""From Python's values (see `values`) to those of wasmtime's C interface, by the type that a component expects.

A type is read once, when a function is defined, and becomes a writer; what is written is wasmtime's from then on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime.component import _types as types

from agentctl.tools.wasm.http.handles import Handles
from agentctl.tools.wasm.http.lifting import OFFSET, SIZE
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
        match type_:
            case types.String():
                return _text(ffi.WASMTIME_COMPONENT_STRING, "string")
            case types.EnumType():
                return _text(ffi.WASMTIME_COMPONENT_ENUM, "enumeration")
            case types.ListType():
                element = type_.element
                return _bytes if isinstance(element, types.U8) else _list(self.writer(element))
            case types.TupleType():
                return _tuple([self.writer(element) for element in type_.elements])
            case types.RecordType():
                return _record([(name, self.writer(field)) for name, field in type_.fields])
            case types.OptionType():
                return _option(self.writer(type_.payload))
            case types.ResultType():
                return _result(self._maybe(type_.ok), self._maybe(type_.err))
            case types.VariantType():
                return _variant({name: self._maybe(payload) for name, payload in type_.cases})
            case types.FlagsType():
                return _flags
            case types.OwnType():
                return self._own
        raise TypeError(f"{type(type_).__name__} is never returned")

    def _maybe(self, type_: Any) -> Writer | None:
        return None if type_ is None else self.writer(type_)

    def _own(self, context: Any, value: Any, into: Any) -> None:
        """Hand an object out."""
        number = self._handles.put(value)
        host = ffi.wasmtime_component_resource_host_new(True, number, self._kinds[type(value)])  # noqa: FBT003 - C
        handle = ctypes.POINTER(ffi.wasmtime_component_resource_any_t)()
        error = ffi.wasmtime_component_resource_host_to_any(context, host, ctypes.byref(handle))
        ffi.wasmtime_component_resource_host_delete(host)
        if error:
            raise WasmtimeError._from_ptr(error)
        into.kind, into.of.resource = ffi.WASMTIME_COMPONENT_RESOURCE, handle


def _number(kind: Any, name: str) -> Writer:
    def write(context: Any, value: Any, into: Any) -> None:
        into.kind = kind
        setattr(into.of, name, value)

    return write


def _text(kind: Any, name: str) -> Writer:
    def write(context: Any, value: Any, into: Any) -> None:
        into.kind = kind
        setattr(into.of, name, ffi.str_to_capi(value))

    return write


def _bytes(context: Any, value: bytes, into: Any) -> None:
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


def _flags(context: Any, value: frozenset[str], into: Any) -> None:
    values = ffi.wasmtime_component_valflags_t()
    ffi.wasmtime_component_valflags_new_uninit(ctypes.byref(values), len(value))
    for index, name in enumerate(sorted(value)):
        values.data[index] = ffi.str_to_capi(name)
    into.kind, into.of.flags = ffi.WASMTIME_COMPONENT_FLAGS, values


def _boxed(writer: Writer | None, context: Any, value: Any) -> Any:
    if writer is None:
        return None
    inner = ffi.wasmtime_component_val_t()
    writer(context, value, inner)
    return ffi.wasmtime_component_val_new(ctypes.byref(inner))
