"""Locks between processes: each is an advisory lock of a transaction that stays open as long as it is held.

So they work behind a pooler in transaction mode, and the death of their holder frees them. When the server itself was
away, they are taken once more before anything else is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from agentctl.store.base import LockBusyError
from agentctl.store.postgres.connection import HOLD, Connection
from agentctl.store.postgres.pool import Pool

_AGAIN = 5.0  # seconds within which a server that is back has freed the lock of the connection that it lost


@dataclass(slots=True, eq=False)
class Held:
    """A lock that is held, and the connection that holds it."""

    name: str
    connection: Connection


class Locks:
    """The locks that this process holds, over connections of `pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._mutex = Lock()
        self._held: list[Held] = []

    def take(self, name: str, wait: float) -> Held:
        """Take the lock `name` within `wait` seconds.

        Raises:
            LockBusyError: another holder kept it.
        """
        held = Held(name, self._connection_with(name, wait))
        with self._mutex:
            self._held.append(held)
        return held

    def release(self, held: Held) -> None:
        """Let go of a lock."""
        with self._mutex:
            self._held.remove(held)
        held.connection.roll_back()
        self._pool.give_back(held.connection)

    def keep(self) -> None:
        """Take those once more whose connection has ended.

        Raises:
            LockBusyError: another process was faster.
        """
        if not self._held:
            return
        with self._mutex:
            for held in self._held:
                if held.connection.has_ended:
                    held.connection.close()
                    held.connection = self._connection_with(held.name, _AGAIN)

    def _connection_with(self, name: str, wait: float) -> Connection:
        connection = self._pool.take()
        try:
            connection.script(HOLD)
            connection.limit_transaction()
            _lock(connection, name, wait)
        except BaseException:
            connection.roll_back()
            self._pool.give_back(connection)
            raise
        return connection


def _lock(connection: Connection, name: str, wait: float) -> None:
    taken = connection.one("locks.try", name=name)
    if taken and taken["taken"]:
        return
    if wait > 0:
        try:
            connection.script(f"SET LOCAL lock_timeout = {max(1, round(wait * 1000))}")
            connection.one("locks.take", name=name)
        except LockBusyError:
            pass
        else:
            return
    raise LockBusyError(f"another process is using {name}", hint="wait until it is done there, or end that process")
