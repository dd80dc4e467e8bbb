"""Tells on stderr how far the weights of a model have come."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from agentctl.cli.render import print_note
from agentctl.providers.local.shelf import Progress

_STEPS = {
    "wait": "waiting for another process that gets the same model",
    "download": "downloading",
    "unpack": "unpacking",
    "copy": "copying",
    "verify": "verifying",
}
_PAUSE = 0.1  # seconds between two looks of a terminal's line
_MB = 1_000_000


class ProgressLine:
    """A line that changes as bytes arrive, and goes at the end; off a terminal a line for each step, and it stays."""

    def __init__(self) -> None:
        self._step = ""
        self._shown = ""
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rewrite("")

    def __call__(self, progress: Progress) -> None:
        """Show it, if it is news."""
        new = progress.step != self._step
        self._step = progress.step
        if not sys.stderr.isatty():
            if new:
                print_note(_STEPS[progress.step])
        elif new or time.monotonic() >= self._next:
            self._next = time.monotonic() + _PAUSE
            self._rewrite(f"{_STEPS[progress.step]}{_amount(progress)}")

    def _rewrite(self, text: str) -> None:
        if self._shown or text:
            # Blanks, and not an escape sequence, wipe what is longer: they work on every terminal.
            sys.stderr.write(f"\r{text.ljust(len(self._shown))}" + ("" if text else "\r"))
            sys.stderr.flush()
        self._shown = text


def _amount(progress: Progress) -> str:
    if not progress.done:
        return ""
    done = f" {progress.done / _MB:.1f}"
    return f"{done} of {progress.total / _MB:.1f} MB" if progress.total else f"{done} MB"
