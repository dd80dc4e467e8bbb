"""From values as wasmtime's C interface gives them to host functions to Python's; see `values` for how they look.

wasmtime-py has a reader of its own, which takes 1.4 µs for every byte of a list, and can't tell some results apart.
What is read stays wasmtime's: nothing here frees anything.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi

from agentctl.tools.wasm.http.handles import Handles
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
SIZE = ctypes.sizeof(ffi.wasmtime_component_val_t)  # of one value in a list
OFFSET = ffi.wasmtime_component_val_t.of.offset  # of what it holds, behind its kind


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

    def _list(self, of: Any) -> Any:
        values = of.list
        if values.size and values.data[0].kind == ffi.WASMTIME_COMPONENT_U8.value:
            start = ctypes.addressof(values.data.contents) + OFFSET
            return ctypes.string_at(start, (values.size - 1) * SIZE + 1)[::SIZE]
        return [self.lift(values.data[index]) for index in range(values.size)] or b""

    def _tuple(self, of: Any) -> tuple[Any, ...]:
        return tuple(self.lift(of.tuple.data[index]) for index in range(of.tuple.size))

    def _record(self, of: Any) -> dict[str, Any]:
        entries = (of.record.data[index] for index in range(of.record.size))
        return {ffi.to_str(entry.name): self.lift(entry.val) for entry in entries}

    def _variant(self, of: Any) -> Case:
        return Case(ffi.to_str(of.variant.discriminant), self._inner(of.variant.val))

    def _result(self, of: Any) -> Ok | Err:
        return (Ok if of.result.is_ok else Err)(self._inner(of.result.val))

    def _flags(self, of: Any) -> frozenset[str]:
        return frozenset(ffi.to_str(of.flags.data[index]) for index in range(of.flags.size))

    def _inner(self, pointer: Any) -> Any:
        return self.lift(pointer.contents) if pointer else None

    def _resource(self, of: Any) -> Any:
        """The object behind a handle, which is kept no longer if the component gave it away."""
        host = ctypes.POINTER(ffi.wasmtime_component_resource_host_t)()
        error = ffi.wasmtime_component_resource_any_to_host(self._context, of.resource, ctypes.byref(host))
        if error:
            raise WasmtimeError._from_ptr(error)
        number = ffi.wasmtime_component_resource_host_rep(host)
        owned = ffi.wasmtime_component_resource_host_owned(host)
        ffi.wasmtime_component_resource_host_delete(host)
        return self._handles.pop(number) if owned else self._handles.get(number)


_READERS: Mapping[int, Callable[[Lifting, Any], Any]] = MappingProxyType(
    {
        ffi.WASMTIME_COMPONENT_STRING.value: lambda _, of: ffi.to_str(of.string),
        ffi.WASMTIME_COMPONENT_ENUM.value: lambda _, of: ffi.to_str(of.enumeration),
        ffi.WASMTIME_COMPONENT_LIST.value: Lifting._list,
        ffi.WASMTIME_COMPONENT_TUPLE.value: Lifting._tuple,
        ffi.WASMTIME_COMPONENT_RECORD.value: Lifting._record,
        ffi.WASMTIME_COMPONENT_VARIANT.value: Lifting._variant,
        ffi.WASMTIME_COMPONENT_OPTION.value: lambda lifting, of: lifting._inner(of.option),
        ffi.WASMTIME_COMPONENT_RESULT.value: Lifting._result,
        ffi.WASMTIME_COMPONENT_FLAGS.value: Lifting._flags,
        ffi.WASMTIME_COMPONENT_RESOURCE.value: Lifting._resource,
    }
)
