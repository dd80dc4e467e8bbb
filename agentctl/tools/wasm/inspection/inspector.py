"""What a file is, what it can do when called, and what it would need; nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterable

import wasmtime
from wasmtime.component import Component

from agentctl.errors import ToolError
from agentctl.tools.wasm.engine import make_engine
from agentctl.tools.wasm.failures import cause
from agentctl.tools.wasm.inspection import exports, imports
from agentctl.tools.wasm.inspection.counting import MOST, too_many
from agentctl.tools.wasm.inspection.exports import Uncallable
from agentctl.tools.wasm.inspection.found import Function, Inspection, Verdict
from agentctl.tools.wasm.inspection.hollow import hollow, modules
from agentctl.tools.wasm.inspection.preamble import Kind, imported, kind_of

__all__ = ["Function", "Inspection", "inspect", "inspect_component"]

_SHOWN = 8  # names in a reason
_EMPTY = {
    "files": "no files (allow a directory with fs:ro:HOST=GUEST)",
    "env": "no environment variables (allow one with env:NAME)",
    "clock": "a clock that stands still (allow the real one with clock)",
    "random": "random numbers that a seed decides (allow real ones with random)",
    "sockets": "sockets that refuse every connection",
}
_HTTP = "it can make HTTP requests, which are refused until their host is allowed with net:HOST"


def inspect(data: bytes, engine: wasmtime.Engine | None = None) -> Inspection:
    """Tell what the bytes of a file are. The code of a component is validated, and not compiled."""
    kind = kind_of(data)
    if kind != "component":
        names = imported(data)[:MOST] if kind in {"core", "core-preview1"} else ()
        return Inspection(kind, imports=names, reason=_why_none(kind, data, names))
    engine = engine or make_engine()
    try:
        component = Component(engine, _light(data, engine))
    except wasmtime.WasmtimeError as error:
        return Inspection("component", reason=f"it does not compile: {cause(str(error))}")
    return inspect_component(component, engine)


def _light(data: bytes, engine: wasmtime.Engine) -> bytes:
    """The component without its code, if that is valid; else as it is, so that compiling it tells what is wrong."""
    try:
        for module in modules(memoryview(data)):
            wasmtime.Module.validate(engine, bytes(module))
        return hollow(data)
    except (ValueError, wasmtime.WasmtimeError):
        return data


def inspect_component(component: Component, engine: wasmtime.Engine) -> Inspection:
    """Tell what a compiled component is."""
    try:
        wide = too_many(component, engine)
    except TypeError as error:
        return Inspection("component", reason=f"its exports and imports can't be read: {error}")
    if wide:
        return Inspection("component", reason=wide)
    names = imports.names(component, engine)
    try:
        found = tuple(exports.read(component, engine))
    except TypeError as error:
        return Inspection("component", imports=names, reason=f"its exports can't be read: {error}")
    callable_ = tuple(each for each in found if isinstance(each, Function))
    try:
        capabilities = tuple(sorted({each.capability for each in imports.read(component, engine)} - {""}))
    except ToolError as error:
        return Inspection("component", callable_, names, reason=error.message)
    if not callable_:
        return Inspection("component", (), names, capabilities, reason=_nothing_to_call(found))
    verdict: Verdict = "needs-grants" if "http" in capabilities else "ok"
    return Inspection("component", callable_, names, capabilities, verdict, _outlook(capabilities))


def _why_none(kind: Kind, data: bytes, names: tuple[str, ...]) -> str:
    """Why it is no component."""
    if kind == "core-preview1":
        return _preview1(names)
    if kind == "core":
        return "it is a core module, and no component"
    if data.startswith(b"\0asm"):
        return "it is cut short, or of a version of WebAssembly that is not known"
    return "it is no WebAssembly" if data else "it is empty"


def _preview1(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = ", ".join(names[:_SHOWN]) + more
    return f"it is built for WASI preview 1 (it imports {shown}); make a component of it: agentctl tools migrate FILE"


def _nothing_to_call(found: Iterable[Function | Uncallable]) -> str:
    refused = next((each for each in found if isinstance(each, Uncallable)), None)
    return f"{refused.name} can't be called: {refused.reason}" if refused else "it exports no function"


def _outlook(capabilities: tuple[str, ...]) -> str | None:
    """What it finds as long as nothing is granted."""
    finds = [words for name, words in _EMPTY.items() if name in capabilities]
    world = f"ungranted, it finds {', '.join(finds)}" if finds else None
    return "; ".join(filter(None, (_HTTP if "http" in capabilities else None, world))) or None
