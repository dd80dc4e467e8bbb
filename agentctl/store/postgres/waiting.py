"""Tries again what failed for want of a server, or because of another process, and tells of it once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from agentctl.store.postgres.failures import ConflictError, ConnectionLostError, UnreachableError

T = TypeVar("T")

_FIRST, _LONGEST = 0.02, 2.0  # seconds between attempts


@dataclass(frozen=True)
class Patience:
    """For how many seconds a transaction is tried again."""

    write: float = 600
    read: float = 10


class Waiting:
    """Runs attempts until one succeeds.

    Args:
        where: the database.
        tell: takes a line for the user: once when the server is away, and once when it is back.
    """

    def __init__(self, where: str, tell: Callable[[str], None]) -> None:
        self._where = where
        self._tell = tell
        self._mutex = Lock()
        self._away = False

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
                self._note(away=isinstance(error, UnreachableError))
            else:
                self._note(away=False)
                return result
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that those who waited don't all come at once
            pause = min(2 * pause, _LONGEST)

    def _note(self, *, away: bool) -> None:
        with self._mutex:
            if away == self._away:
                return
            self._away = away
        self._tell(f"{self._where} does not answer; waiting for it" if away else f"{self._where} is back")
