"""Tells on stderr how far something has come, such as the weights of a model."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentctl.cli.render import print_note

if TYPE_CHECKING:
    from agentctl.providers.local.shelf import Progress  # not everything that goes on is about weights

_STEPS = {
    "wait": "waiting for another process that gets the same model",
    "download": "downloading",
    "unpack": "unpacking",
    "copy": "copying",
    "verify": "verifying",
}
_PAUSE = 0.1  # seconds between two looks of a terminal's line
_MB = 1_000_000


class StepLine:
    """A line that changes as a step goes on, and goes at the end; off a terminal a line for each step, and it stays."""

    def __init__(self) -> None:
        self._step = ""
        self._shown = ""
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Make room for another line."""
        self._rewrite("")

    def show(self, step: str, amount: str) -> None:
        """Show how far a step has come, if it is news."""
        new = step != self._step
        self._step = step
        if not sys.stderr.isatty():
            if new:
                print_note(step)
        elif new or time.monotonic() >= self._next:
            self._next = time.monotonic() + _PAUSE
            self._rewrite(step + amount)

    def _rewrite(self, text: str) -> None:
        if self._shown or text:
            # Blanks, and not an escape sequence, wipe what is longer: they work on every terminal.
            sys.stderr.write(f"\r{text.ljust(len(self._shown))}" + ("" if text else "\r"))
            sys.stderr.flush()
        self._shown = text


class ProgressLine(StepLine):
    """Tells how the weights of a model arrive."""

    def __call__(self, progress: Progress) -> None:
        """Show it, if it is news."""
        self.show(_STEPS[progress.step], _amount(progress))


def _amount(progress: Progress) -> str:
    if not progress.done:
        return ""
    done = f" {progress.done / _MB:.1f}"
    return f"{done} of {progress.total / _MB:.1f} MB" if progress.total else f"{done} MB"
