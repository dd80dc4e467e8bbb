"""The few things about wasmtime's C interface that reading and writing its values share."""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi

SIZE = ctypes.sizeof(ffi.wasmtime_component_val_t)  # of one value in a list
OFFSET = ffi.wasmtime_component_val_t.of.offset  # of what it holds, behind its kind


def check(error: Any) -> None:
    """Raise the error that a C function returned, if it did.

    Raises:
        WasmtimeError: it did.
    """
    if error:
        raise WasmtimeError._from_ptr(error)  # noqa: SLF001 - wasmtime-py has no other way
