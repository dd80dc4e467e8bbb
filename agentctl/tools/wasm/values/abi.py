"""Calls a component's function with plain values (see `accepting`), over wasmtime's C structures.

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
from wasmtime.component import Func, FuncType

from agentctl.tools.wasm.values.layout import VALUE
from agentctl.tools.wasm.values.lifting import read
from agentctl.tools.wasm.values.lowering import write


def invoke(func: Func, store: wasmtime.Store, kind: FuncType, arguments: Sequence[Any]) -> Any:
    """Call the function with plain values, and return its result as one; None if it has none.

    Raises:
        WasmtimeError: the call ended in a trap.
    """
    params, result_kind = kind.params, kind.result
    lowered = (VALUE * len(params))()
    result = VALUE()
    try:
        for (_, param), argument, out in zip(params, arguments, lowered, strict=True):
            write(param, argument, out)
        place, count = (ctypes.byref(result), 1) if result_kind is not None else (None, 0)
        context = store._context()  # noqa: SLF001 - the package has no public way to call with values of one's own
        error = ffi.wasmtime_component_func_call(ctypes.byref(func._func), context, lowered, len(params), place, count)  # noqa: SLF001
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001
        return None if result_kind is None else read(result_kind, result)
    finally:
        for value in (*lowered, result):
            ffi.wasmtime_component_val_delete(ctypes.byref(value))


def is_async(kind: FuncType) -> bool:
    """Whether the function is lifted as asynchronous, which can't be called from here."""
    return bool(ffi.wasmtime_component_func_type_async(kind.ptr()))
