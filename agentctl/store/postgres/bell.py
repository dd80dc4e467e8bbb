"""Waits for what comes in on any of several connections, or for another thread to ring."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable
from contextlib import suppress


class Bell:
    """A pipe that wakes up the thread which waits at it."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wake it up, also if it does not wait yet."""
        with suppress(BlockingIOError):  # it is rung already, often
            os.write(self._in, b"!")

    def wait(self, files: Iterable[int], seconds: float | None) -> None:
        """Wait until something can be read from one of `files`, somebody rings or the time is over, if there is one."""
        poll = select.poll()
        for file in (self._out, *files):
            poll.register(file, select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000)
        with suppress(BlockingIOError):
            os.read(self._out, 4096)

    def close(self) -> None:
        """Close both ends."""
        os.close(self._out)
        os.close(self._in)
