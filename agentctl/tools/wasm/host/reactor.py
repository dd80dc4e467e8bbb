"""One thread that waits for all that the host process has open, and for the next thing that is due."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import Protocol

_LONGEST = 3600.0  # seconds between two looks at what is due: the system takes only so many at a time
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Due(Protocol):
    """Something with a deadline."""

    @property
    def deadline(self) -> float:
        """The monotonic time, in seconds, at which `expire` is called."""
        ...

    def expire(self) -> None:
        """Do what is to be done then; it is due no more, or its deadline is a later one."""
        ...


class Reactor:
    """Calls back whoever waits for a file, one after the other."""

    def __init__(self) -> None:
        self.due: set[Due] = set()
        self._selector = selectors.DefaultSelector()
        self._running = True

    def watch(self, fd: int, events: int, ready: Callable[[], None]) -> None:
        """Call `ready` whenever the file can be read or written; `unwatch` it before it is closed."""
        if fd in self._selector.get_map():
            self._selector.modify(fd, events, ready)
        else:
            self._selector.register(fd, events, ready)

    def unwatch(self, fd: int) -> None:
        """Call nobody any more for this file."""
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def stop(self) -> None:
        """Let `run` return."""
        self._running = False

    def run(self) -> None:
        """Wait and call back until `stop`."""
        while self._running:
            for key, _ in self._selector.select(self._pause()):
                # Whoever was called before may have closed this file meanwhile.
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            now = time.monotonic()
            for item in [item for item in self.due if item.deadline <= now]:
                item.expire()

    def _pause(self) -> float | None:
        if not self.due:
            return None
        return min(_LONGEST, max(0.0, min(item.deadline for item in self.due) - time.monotonic()))
