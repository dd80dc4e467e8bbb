"""Tries again what failed for want of a server, or because of another process, and tells of it once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from agentctl.store.postgres.failures import (
    ConflictError,
    ConnectionLostError,
    TooManyConnectionsError,
    UnreachableError,
)

T = TypeVar("T")

_FIRST, _LONGEST = 0.02, 2.0  # seconds between attempts


@dataclass(frozen=True)
class Patience:
    """For how many seconds a transaction is tried again, and how long to wait for a lock that the server lost."""

    write: float = 600
    read: float = 10
    lock: float = 1


class Waiting:
    """Runs attempts until one succeeds.

    Args:
        where: the database.
        tell: takes a line for the user: once when the server is away or has no connection free, and once when that is
            over.
    """

    def __init__(self, where: str, tell: Callable[[str], None]) -> None:
        self._where = where
        self._tell = tell
        self._mutex = Lock()
        self._trouble: str | None = None

    def until_done(self, attempt: Callable[[], T], patience: float) -> T:
        """Run `attempt` until it succeeds, for `patience` seconds at most.

        Raises:
            StorageError: as the last attempt did.
        """
        deadline, pause = time.monotonic() + patience, _FIRST
        while True:
            try:
                result = attempt()
            except (ConflictError, ConnectionLostError) as error:
                if time.monotonic() + pause > deadline:
                    raise
                self._note(self._words(error))
            else:
                self._note(None)
                return result
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that those who waited don't all come at once
            pause = min(2 * pause, _LONGEST)

    def _words(self, error: Exception) -> str | None:
        if isinstance(error, TooManyConnectionsError):
            return f"waiting for a connection to {self._where}: others have them all"
        return f"{self._where} does not answer; waiting for it" if isinstance(error, UnreachableError) else None

    def _note(self, trouble: str | None) -> None:
        with self._mutex:
            if trouble == self._trouble:
                return
            self._trouble = trouble
        self._tell(trouble or f"{self._where} is back")
