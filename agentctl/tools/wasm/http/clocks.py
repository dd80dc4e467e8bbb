"""wasi:clocks 0.2 `monotonic-clock`: a time that may stand still, and waiting, which takes as long as it says."""

from __future__ import annotations

import time
from collections.abc import Callable

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.polling import Pollable, Waiting

_NS = 1_000_000_000


class MonotonicClock:
    """The functions of wasi:clocks/monotonic-clock; `now` tells what time the component sees, in ns."""

    def __init__(self, waiting: Waiting, now: Callable[[], int]) -> None:
        self._waiting = waiting
        self._now = now

    @exported
    def now(self) -> int:
        """The time, in ns."""
        return self._now()

    @exported
    def resolution(self) -> int:
        """The finest difference, in ns."""
        return 1

    @exported
    def subscribe_instant(self, when: int) -> Pollable:
        """Ready when the component's clock shows `when`, or would if it did not stand still."""
        return self.subscribe_duration(max(0, when - self._now()))

    @exported
    def subscribe_duration(self, wait: int) -> Pollable:
        """Ready in so many ns."""
        due = time.monotonic() + wait / _NS
        return Pollable(self._waiting, lambda: time.monotonic() >= due, due)
