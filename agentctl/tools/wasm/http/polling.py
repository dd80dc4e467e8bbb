"""wasi:io 0.2 `poll`: waiting for one of several things.

Nothing is shared with wasmtime's own wasi:io: a component has either this one or that one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.network import Network


class Waiting:
    """Waits for the network and the time, which is all that anything here waits for."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def look(self) -> None:
        """Take in what has arrived already."""
        if self._network.waiting:
            self._network.wait(0)

    def until(self, pollables: list[Pollable]) -> list[int]:
        """Wait until one of them is ready, and return the positions of all that are.

        Raises:
            ToolError: none of them can ever be.
        """
        if not pollables:
            raise ToolError("a component waits for nothing", reason="trap")
        while not (ready := [index for index, pollable in enumerate(pollables) if pollable.is_ready()]):
            times = [pollable.time for pollable in pollables if pollable.time is not None]
            if not (times or self._network.waiting):
                raise ToolError("a component waits for what never comes", reason="trap")
            self._network.wait(max(0.0, min(times) - time.monotonic()) if times else None)
        return ready


@dataclass(frozen=True, slots=True, eq=False)
class Pollable:
    """wasi:io/poll `pollable`: something that is ready, or will be at a time of `time.monotonic`."""

    waiting: Waiting
    condition: Callable[[], bool]
    time: float | None = None

    def is_ready(self) -> bool:
        """Whether it is."""
        return self.condition()

    @exported
    def ready(self) -> bool:
        """Whether it is, once what has arrived is looked at."""
        if not self.condition():
            self.waiting.look()
        return self.condition()

    @exported
    def block(self) -> None:
        """Wait for it."""
        self.waiting.until([self])
