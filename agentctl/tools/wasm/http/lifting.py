"""From values as wasmtime's C interface gives them to host functions to Python's; see `values` for how they look.

wasmtime-py has a reader of its own, which takes 1.4 µs for every byte of a list, and can't tell some results apart.
What is read stays wasmtime's: nothing here frees anything.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from wasmtime import _ffi as ffi

from agentctl.tools.wasm.http.handles import Handles
from agentctl.tools.wasm.http.native import OFFSET, SIZE, check
from agentctl.tools.wasm.http.values import Case, Err, Ok

_NUMBERS = MappingProxyType(
    {
        ffi.WASMTIME_COMPONENT_BOOL.value: "boolean",
        ffi.WASMTIME_COMPONENT_S8.value: "s8",
        ffi.WASMTIME_COMPONENT_U8.value: "u8",
        ffi.WASMTIME_COMPONENT_S16.value: "s16",
        ffi.WASMTIME_COMPONENT_U16.value: "u16",
        ffi.WASMTIME_COMPONENT_S32.value: "s32",
        ffi.WASMTIME_COMPONENT_U32.value: "u32",
        ffi.WASMTIME_COMPONENT_S64.value: "s64",
        ffi.WASMTIME_COMPONENT_U64.value: "u64",
        ffi.WASMTIME_COMPONENT_F32.value: "f32",
        ffi.WASMTIME_COMPONENT_F64.value: "f64",
    }
)


class Lifting:
    """Reads the values of one call.

    Args:
        context: the store, as wasmtime gives it to a host function.
        handles: where the objects of handles are kept.
    """

    def __init__(self, context: Any, handles: Handles) -> None:
        self._context = context
        self._handles = handles

    def lift(self, value: Any) -> Any:
        """Read one value.

        Raises:
            TypeError: it is of a kind that no interface here has.
        """
        if name := _NUMBERS.get(value.kind):
            return getattr(value.of, name)
        if read := _READERS.get(value.kind):
            return read(self, value.of)
        raise TypeError(f"values of kind {value.kind} are not known")

    def inner(self, pointer: Any) -> Any:
        """Read the value behind a pointer, or None if there is none."""
        return self.lift(pointer.contents) if pointer else None

    def held(self, handle: Any) -> Any:
        """The object behind a handle, which is kept no longer if the component gave it away."""
        host = ctypes.POINTER(ffi.wasmtime_component_resource_host_t)()
        check(ffi.wasmtime_component_resource_any_to_host(self._context, handle, ctypes.byref(host)))
        number = ffi.wasmtime_component_resource_host_rep(host)
        owned = ffi.wasmtime_component_resource_host_owned(host)
        ffi.wasmtime_component_resource_host_delete(host)
        return self._handles.pop(number) if owned else self._handles.get(number)


def _list(lifting: Lifting, of: Any) -> Any:
    values = of.list
    if not values.size:
        return b""  # of u8 or of anything: nothing tells
    if values.data[0].kind == ffi.WASMTIME_COMPONENT_U8.value:
        start = ctypes.addressof(values.data.contents) + OFFSET
        return ctypes.string_at(start, (values.size - 1) * SIZE + 1)[::SIZE]
    return [lifting.lift(values.data[index]) for index in range(values.size)]


def _tuple(lifting: Lifting, of: Any) -> tuple[Any, ...]:
    return tuple(lifting.lift(of.tuple.data[index]) for index in range(of.tuple.size))


def _record(lifting: Lifting, of: Any) -> dict[str, Any]:
    entries = (of.record.data[index] for index in range(of.record.size))
    return {ffi.to_str(entry.name): lifting.lift(entry.val) for entry in entries}


def _variant(lifting: Lifting, of: Any) -> Case:
    return Case(ffi.to_str(of.variant.discriminant), lifting.inner(of.variant.val))


def _result(lifting: Lifting, of: Any) -> Ok | Err:
    return (Ok if of.result.is_ok else Err)(lifting.inner(of.result.val))


_READERS: Mapping[int, Callable[[Lifting, Any], Any]] = MappingProxyType(
    {
        ffi.WASMTIME_COMPONENT_STRING.value: lambda _, of: ffi.to_str(of.string),
        ffi.WASMTIME_COMPONENT_ENUM.value: lambda _, of: ffi.to_str(of.enumeration),
        ffi.WASMTIME_COMPONENT_LIST.value: _list,
        ffi.WASMTIME_COMPONENT_TUPLE.value: _tuple,
        ffi.WASMTIME_COMPONENT_RECORD.value: _record,
        ffi.WASMTIME_COMPONENT_VARIANT.value: _variant,
        ffi.WASMTIME_COMPONENT_OPTION.value: lambda lifting, of: lifting.inner(of.option),
        ffi.WASMTIME_COMPONENT_RESULT.value: _result,
        ffi.WASMTIME_COMPONENT_RESOURCE.value: lambda lifting, of: lifting.held(of.resource),
    }
)
