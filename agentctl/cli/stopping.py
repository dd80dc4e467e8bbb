"""What Ctrl-C does while something is waiting to be stored: the first says so, and the second gives it up."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from agentctl.cli.render import print_note
from agentctl.errors import InterruptError

NOT_STORED = "not stored: the question"
_WAITING = "waiting to store it; Ctrl-C again gives it up"
_SOON = 1.0  # seconds in which what had arrived is usually stored


@contextmanager
def patient() -> Iterator[list[int]]:
    """Go on with the block, which makes a turn ready, at the first SIGINT, and tell so; yields those that came.

    Raises:
        InterruptError: a second one came; what is not stored was told.
    """
    caught: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)
        print_note(_WAITING)

    usual = signal.signal(signal.SIGINT, handle)
    try:
        yield caught
    except KeyboardInterrupt:
        print_note(NOT_STORED)
        raise InterruptError from None
    finally:
        signal.signal(signal.SIGINT, usual)


@dataclass(frozen=True)
class Stop:
    """Ends a turn at the first signal, and the process at the second.

    Args:
        caught: the numbers of the signals that came already; those that come are added.
        lost: says what is not stored should the process end now.
    """

    caught: list[int]
    lost: Callable[[], str]

    @contextmanager
    def ending(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Let signals within the block cancel the task; one that came before does so at once."""
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []

        def handle(number: int) -> None:
            if self.caught:
                print_note(self.lost())
                os._exit(128 + number)
            self.caught.append(number)
            task.cancel()
            timers.append(loop.call_later(_SOON, print_note, _WAITING))

        with signals(handle):
            if self.caught:
                task.cancel()
            try:
                yield
            finally:
                for timer in timers:
                    timer.cancel()


@contextmanager
def signals(handle: Callable[[int], None]) -> Iterator[None]:
    """Let the running loop call `handle` with the number of each SIGINT and SIGTERM."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
