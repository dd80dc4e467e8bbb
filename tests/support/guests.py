"""Components of text that are given wasi:http, run in the process of the test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import wasmtime
from wasmtime.component import Component, Linker

from agentctl.tools.wasm.http import define
from agentctl.tools.wasm.network import Network

_ENGINE = wasmtime.Engine()
_TEXTS = Path(__file__).parents[1] / "tools" / "wasm"
_COMPILED: dict[str, Component] = {}


def guest(name: str, version: str = "0.2.9") -> str:
    """The text of a component that stands beside the tests, for a version of WASI."""
    return (_TEXTS / f"{name}.wat").read_text().replace("VERSION", version)


def run(text: str, function: str, *arguments: Any, network: Network, now: Callable[[], int] = lambda: 0) -> Any:
    """Call a function of a component that finds our interfaces in front of wasmtime's own."""
    with tempfile.TemporaryFile() as output:
        return _call(text, function, arguments, partial(_define, network=network, output=output, now=now))


def written(text: str, function: str, *arguments: Any, network: Network) -> tuple[Any, bytes]:
    """What such a function returns, and what it writes to its standard output."""
    with tempfile.TemporaryFile() as output:
        result = _call(text, function, arguments, partial(_define, network=network, output=output, now=lambda: 0))
        output.seek(0)
        return result, output.read()


def link(text: str, network: Network) -> None:
    """Define what a component imports, and no more."""
    component = Component(_ENGINE, text)
    define(Linker(_ENGINE), component, _ENGINE, network)


def _define(linker: Linker, component: Component, network: Network, output: IO[bytes], now: Callable[[], int]) -> None:
    define(linker, component, _ENGINE, network, stdout_fd=output.fileno(), stderr_fd=output.fileno(), now=now)


def _call(text: str, function: str, arguments: tuple[Any, ...], defined: Callable[[Linker, Component], None]) -> Any:
    component = _COMPILED.get(text) or _COMPILED.setdefault(text, Component(_ENGINE, text))
    linker = Linker(_ENGINE)
    linker.allow_shadowing = True
    linker.add_wasip2()
    defined(linker, component)
    store = wasmtime.Store(_ENGINE)
    store.set_wasi(wasmtime.WasiConfig())
    try:
        found = linker.instantiate(store, component).get_func(store, function)
        assert found, f"there is no {function}"
        return found(store, *arguments)
    finally:
        store.close()
