"""Work in a thread that is told to stop when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from agentctl.errors import ToolError

T = TypeVar("T")


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Run `work` in a thread; its event is set when this task is cancelled, and it should then end soon."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


class Cancellation:
    """Passes on a cancellation that came while something had to come to its end (see `uninterrupted`)."""

    def __init__(self) -> None:
        self._before = _cancellations()

    def check(self) -> None:
        """Leave if this task was cancelled since.

        Raises:
            CancelledError: it was.
        """
        if _cancellations() > self._before:
            raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def check(stop: threading.Event) -> None:
    """Leave the work if it was told to stop.

    Raises:
        ToolError: it was; nobody sees it.
    """
    if stop.is_set():
        raise ToolError("stopped")
