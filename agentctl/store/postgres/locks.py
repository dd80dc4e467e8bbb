"""Locks between processes: each is an advisory lock of a transaction that stays open as long as it is held.

So they work behind a pooler in transaction mode, and the death of their holder frees them. Who waits for one asks
again and again: to wait in the server would take a connection from those who could end the wait. For the same reason a
lock is only taken where there is a second connection for what is done under it.
"""

from __future__ import annotations

import random
import time

from agentctl.store.base import LockBusyError
from agentctl.store.postgres.connection import HOLD, Connection
from agentctl.store.postgres.failures import TooManyConnectionsError
from agentctl.store.postgres.keeper import Held, Keeper
from agentctl.store.postgres.pool import Pool

_FIRST, _LONGEST = 0.02, 0.25  # seconds between attempts
_ANSWERED = 2.0  # seconds within which a pooler that has a free connection answers


class Locks:
    """The locks that this process holds.

    Args:
        pool: whose connections hold them.
        again: seconds within which a server frees the lock of a connection that it lost, for us to take it once more.
    """

    def __init__(self, pool: Pool, again: float) -> None:
        self._pool = pool
        self._keeper = Keeper(self._try, self._end, again)

    def take(self, name: str, wait: float) -> Held:
        """Take the lock `name` within `wait` seconds.

        Raises:
            LockBusyError: another holder kept it.
            TooManyConnectionsError: there are no two connections to be had.
        """
        deadline, pause = time.monotonic() + wait, _FIRST
        while (connection := self._try_with_another(name, wait)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _busy(name)
            time.sleep(min(left, pause * random.uniform(0.5, 1)))  # noqa: S311 - so that not all come at once
            pause = min(2 * pause, _LONGEST)
        held = Held(name, connection)
        self._keeper.add(held)
        return held

    def release(self, held: Held) -> None:
        """Let go of a lock."""
        if connection := self._keeper.remove(held):
            self._end(connection)

    def keep(self) -> None:
        """Give those that were lost a moment to be taken again; one that another process has stays with it."""
        self._keeper.settle()

    def close(self) -> None:
        """Take none again that is lost from now on."""
        self._keeper.close()

    def _try_with_another(self, name: str, wait: float) -> Connection | None:
        connection = None
        try:
            if connection := self._try(name):
                self._find_another()
        except BaseException as error:
            if connection:
                self._end(connection)
            if not isinstance(error, TooManyConnectionsError):
                raise
            self._pool.drain()  # for the others who wait
            if wait > 0 or not self._keeper.is_busy:
                raise
            # To wait for connections while holding one keeps others waiting.
            raise _busy(name) from error
        return connection

    def _try(self, name: str) -> Connection | None:
        """Return a connection that holds the lock, None if another has it."""
        connection = self._pool.take()
        try:
            connection.script_within(HOLD, _ANSWERED)
            connection.limit_transaction()
            taken = connection.one("locks.try", name=name)
        except BaseException:
            self._end(connection)
            raise
        if taken and taken["taken"]:
            return connection
        self._end(connection)
        return None

    def _find_another(self) -> None:
        with self._pool.lend() as another:
            # Not all give up at a time: the first who does lets the next go on.
            another.script_within("SELECT 1", _ANSWERED * random.uniform(0.1, 1))  # noqa: S311 - as above

    def _end(self, connection: Connection) -> None:
        connection.roll_back()
        self._pool.give_back(connection)


def _busy(name: str) -> LockBusyError:
    return LockBusyError(f"another process is using {name}", hint="wait until it is done there, or end that process")
