"""Ctrl-C and SIGTERM while something is trained: the first lets it stop where it can go on, the second ends it."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any, Self

from agentctl.cli.render import print_note

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped:
    """Whether a signal came, while this lasts; `code` is what the process then leaves with.

    Args:
        waits_for: what is waited for then, in words.
    """

    def __init__(self, waits_for: str) -> None:
        self.code = 0
        self._waits_for = waits_for
        self._usual: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether one came."""
        # Who is asked makes sure of being asked again: Ray takes SIGTERM for itself when it starts.
        for number in _NUMBERS:
            if signal.getsignal(number) != self._handle:
                signal.signal(number, self._handle)
        return self.code != 0

    def __enter__(self) -> Self:
        self._usual = {number: signal.signal(number, self._handle) for number in _NUMBERS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.code:
            os._exit(128 + number)
        self.code = 128 + number
        print_note(f"stopping after {self._waits_for}; once more ends it at once")
