"""Tells on stderr how a training run goes."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentctl.cli.progress import StepLine
from agentctl.cli.render import print_note

if TYPE_CHECKING:  # it loads numpy
    from agentctl.learning.environments.training import Progress

_MINUTE, _HOUR = 60, 3600


class TrainingLine:
    """One line that changes on a terminal; elsewhere one for each tenth of the run.

    Args:
        steps: of the whole run.
        quiet: whether nothing is shown but what is unusual.
    """

    def __init__(self, steps: int, *, quiet: bool) -> None:
        self._steps = steps
        self._quiet = quiet
        self._line = StepLine()
        self._told = 0

    def show(self, progress: Progress, seconds: float) -> None:
        """Show where the run is, if it is news."""
        if self._quiet:
            return
        done = progress.steps / self._steps
        left = seconds * (1 - done) / done
        if sys.stderr.isatty():
            room = shutil.get_terminal_size().columns - 1  # what wraps can't be written over
            self._line.show("", _told(progress, done, left)[:room])
        elif int(done * 10) > self._told:
            self._told = int(done * 10)
            print_note(_told(progress, done, left))

    def tell(self, line: str) -> None:
        """Say something unusual, in a line of its own."""
        self._line.clear()
        print_note(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._line.clear()


def _told(progress: Progress, done: float, left: float) -> str:
    mean = "–" if progress.mean_return is None else f"{progress.mean_return:.1f}"
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
