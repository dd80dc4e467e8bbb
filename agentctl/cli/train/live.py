"""Tells on stderr how a training run goes, and how many answers it has."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentctl.cli.progress import StepLine
from agentctl.cli.render import print_note
from agentctl.economy.money import dollars

if TYPE_CHECKING:  # it loads numpy
    from agentctl.learning.environments.training import Progress

_MINUTE, _HOUR = 60, 3600
_NUMBER = re.compile(r"[0-9][0-9.,]*")


class TenthsLine:
    """One line that changes on a terminal; elsewhere one for each tenth of the run.

    Args:
        quiet: whether nothing is shown but what is unusual.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._line = StepLine()
        self._told = 0

    def show_at(self, done: float, text: Callable[[], str]) -> None:
        """Show the text, if it is news; `done` is the part of the run that is over."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            room = shutil.get_terminal_size().columns - 1  # what wraps can't be written over
            self._line.show("", text()[:room])
        elif int(done * 10) > self._told:
            self._told = int(done * 10)
            print_note(text())

    def tell(self, line: str) -> None:
        """Say something unusual, in a line of its own."""
        self._line.clear()
        print_note(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._line.clear()


class TrainingLine(TenthsLine):
    """Tells how a training run of so many steps goes."""

    def __init__(self, steps: int, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._steps = steps

    def show(self, progress: Progress, seconds: float) -> None:
        """Show where the run is, if it is news."""
        done = progress.steps / self._steps
        self.show_at(done, lambda: _told(progress, done, seconds * (1 - done) / done))


class AnswersLine(TenthsLine):
    """Tells how many answers are there, and what they cost."""

    def __init__(self, spent: Callable[[], Decimal], *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._spent = spent
        self._began = time.monotonic()
        self._kinds: set[str] = set()

    def once(self, note: str) -> None:
        """Say what the user should know, unless it differs in numbers only from what was said already."""
        kind = _NUMBER.sub("", note)
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.tell(note)

    def show(self, count: int, total: int) -> None:
        """Show how many of how many answers are there."""
        if not count:
            return
        left = (time.monotonic() - self._began) * (total - count) / count
        told = f"{count / total:4.0%} · {count:,} of {total:,} answers · {dollars(self._spent())}"
        self.show_at(count / total, lambda: f"{told} · {_time(left)} left")


def _told(progress: Progress, done: float, left: float) -> str:
    mean = "none yet" if progress.mean_return is None else f"{progress.mean_return:.1f}"
    update = progress.update
    return (
        f"{done:4.0%} · {progress.steps:,} steps · return {mean} · KL {update.kl:.4f} "
        f"· entropy {update.entropy:.3f} · {_time(left)} left"
    )


def _time(seconds: float) -> str:
    whole = int(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _MINUTE} min {whole % _MINUTE:02} s" if whole >= _MINUTE else f"{whole} s"
