"""Whether a component is too wide to be told: wasmtime finds each name by counting from the first one again."""

from __future__ import annotations

from collections.abc import Iterable

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime.component import Component, ComponentInstanceType

MOST = 1_000  # exports, and imports, of a component with those of its interfaces


def too_many(component: Component, engine: wasmtime.Engine) -> str | None:
    """Say what the component has too many of, if it has."""
    kind = component.type
    sides = {
        "exports": (ffi.wasmtime_component_type_export_count, kind.exports),
        "imports": (ffi.wasmtime_component_type_import_count, kind.imports),
    }
    for what, (count, items) in sides.items():
        if count(kind.ptr(), engine.ptr()) > MOST or _inner(items(engine).values(), engine) > MOST:
            return f"it has more than {MOST:,} {what}"
    return None


def _inner(items: Iterable[object], engine: wasmtime.Engine) -> int:
    """How much there is in the interfaces among the items, and how many others."""
    return sum(
        ffi.wasmtime_component_instance_type_export_count(item.ptr(), engine.ptr())
        if isinstance(item, ComponentInstanceType)
        else 1
        for item in (getattr(each, "ty", None) for each in items)
    )
