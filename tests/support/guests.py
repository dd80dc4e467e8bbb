"""Components of text that are given wasi:http, run in the process of the test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime.component import Component, Linker

from agentctl.errors import ToolError
from agentctl.tools.wasm.http import define
from agentctl.tools.wasm.network import Network

_CONFIG = wasmtime.Config()
# With it wasmtime 50 takes no two handles at once from a component, as `poll` does.
ffi.wasmtime_config_wasm_component_model_async_set(_CONFIG.ptr(), False)
ffi.wasmtime_config_concurrency_support_set(_CONFIG.ptr(), False)
_ENGINE = wasmtime.Engine(_CONFIG)
_TEXTS = Path(__file__).parents[1] / "tools" / "wasm"
_COMPILED: dict[str, Component] = {}


def guest(name: str, version: str = "0.2.9") -> str:
    """The text of a component that stands beside the tests, for a version of WASI."""
    return (_TEXTS / f"{name}.wat").read_text().replace("VERSION", version)


def run(text: str, function: str, *arguments: Any, network: Network, now: Callable[[], int] = lambda: 0) -> Any:
    """Call a function of a component that finds our interfaces in front of wasmtime's own."""
    with tempfile.TemporaryFile() as output:
        return _call(text, function, arguments, network=network, now=now, stdout_fd=output.fileno())


def written(text: str, function: str, *arguments: Any, network: Network) -> tuple[Any, bytes]:
    """What such a function returns, and what it writes to its standard output."""
    with tempfile.TemporaryFile() as output:
        result = _call(text, function, arguments, network=network, stdout_fd=output.fileno())
        output.seek(0)
        return result, output.read()


def link(text: str, network: Network) -> None:
    """Define what a component imports, and no more."""
    define(Linker(_ENGINE), Component(_ENGINE, text), _ENGINE, network)


def _call(text: str, function: str, arguments: tuple[Any, ...], **given: Any) -> Any:
    component = _COMPILED.get(text) or _COMPILED.setdefault(text, Component(_ENGINE, text))
    linker = Linker(_ENGINE)
    linker.allow_shadowing = True
    linker.add_wasip2()
    failures: list[ToolError] = []
    define(linker, component, _ENGINE, **given, failed=failures.append)
    with closing(wasmtime.Store(_ENGINE)) as store:
        store.set_wasi(wasmtime.WasiConfig())
        found = linker.instantiate(store, component).get_func(store, function)
        assert found, f"there is no {function}"
        try:
            return found(store, *arguments)
        except wasmtime.WasmtimeError as error:
            raise failures[0] if failures else error from None
