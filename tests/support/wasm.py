"""Running components in tests: one engine, and calls that need to say only what they are about."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from wasmtime import Engine
from wasmtime.component import Component

from agentctl.tools.wasm.engine import make_engine
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.instance import Returned, call
from agentctl.tools.wasm.network import Network
from agentctl.tools.wasm.policy import parse_allow

SMALL = Limits(fuel=20_000_000, memory=16 << 20, output=1 << 20)


@cache
def engine() -> Engine:
    """The engine of all tests of one process."""
    return make_engine()


@cache
def compiled(text: str) -> Component:
    """The component of a text."""
    return Component(engine(), text)


def returned(
    text: str,
    function: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    grants: Grants | None = None,
    limits: Limits = SMALL,
    network: Network | None = None,
    seed: int = 1,
) -> Returned:
    """What a call of a component's function returns, its output thrown away."""
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        return call(
            compiled(text),
            engine(),
            function,
            arguments or {},
            grants or Grants(),
            limits,
            stdout_fd=sink,
            stderr_fd=sink,
            network=network,
            seed=seed,
        )
    finally:
        os.close(sink)


def run(text: str, function: str, allow: Sequence[str] = (), /, **arguments: Any) -> Any:
    """The value that a call returns."""
    return returned(text, function, arguments, grants=parse_allow(allow, os.environ)).value


def decoded(value: str) -> bytes:
    """The bytes of a `list<u8>`."""
    return base64.b64decode(value)
