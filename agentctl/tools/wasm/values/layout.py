"""The parts of wasmtime's C structure of a value that are the same for reading and writing.

Source: https://docs.wasmtime.dev/c-api/val_8h.html
"""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, Bool, EnumType, String

SCALARS: dict[type, tuple[Any, str]] = {
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
TEXTS: dict[type, tuple[Any, str]] = {
    String: (ffi.WASMTIME_COMPONENT_STRING, "string"),
    EnumType: (ffi.WASMTIME_COMPONENT_ENUM, "enumeration"),
}
VALUE = ffi.wasmtime_component_val_t
STRIDE = ctypes.sizeof(VALUE)
PAYLOAD = VALUE.of.offset
