"""The connections of a process, made when they are needed and kept for the next."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from agentctl.errors import StorageError
from agentctl.store.postgres.connection import Connection

_MOST = 8


class Pool:
    """Lends connections, at most eight at a time; who wants one more waits.

    Args:
        connect: opens one.
        where: the database, for errors.
    """

    def __init__(self, connect: Callable[[], Connection], where: str) -> None:
        self._connect = connect
        self._where = where
        self._mutex = Lock()
        self._free = BoundedSemaphore(_MOST)
        self._idle: list[Connection] = []
        self._inherited: list[Connection] = []
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection for a transaction."""
        self._disown()
        with self._free:
            connection = self.take()
            try:
                yield connection
            finally:
                self.give_back(connection)

    def take(self) -> Connection:
        """Return a connection for longer than a transaction: it does not count.

        Raises:
            StorageError: there is none to be had, or the database is closed.
        """
        self._disown()
        with self._mutex:
            if self._closed:
                raise StorageError(f"{self._where} is closed")
            idle = self._idle.pop() if self._idle else None
        if idle is not None and not idle.has_ended:
            return idle
        if idle is not None:
            idle.close()
        return self._connect()

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next if it can be used once more."""
        with self._mutex:
            if connection.is_idle and not self._closed and len(self._idle) < _MOST:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close those that wait; those that are lent are closed when they come back."""
        self._closed = True
        self.drain()

    def drain(self) -> None:
        """Close those that wait."""
        self._disown()
        with self._mutex:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _disown(self) -> None:
        """Leave the connections of the process that we were forked from to it: to close one would end it there too."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._mutex, self._free = Lock(), BoundedSemaphore(_MOST)  # threads that held them are not here
            self._inherited, self._idle = self._idle, []
