"""Keeps locks: takes one again at once whose connection has ended, so that nobody takes its holder for dead."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from agentctl.errors import AgentctlError
from agentctl.store.postgres.bell import Bell
from agentctl.store.postgres.connection import Connection
from agentctl.store.postgres.failures import ConnectionLostError

_AWAY = 0.05  # seconds between attempts while the server is away
_ANOTHERS = 0.5  # and while another process has the lock


@dataclass(slots=True, eq=False)
class Held:
    """A lock of this process, and the connection that holds it: None since it was lost, at `lost_at`.

    One that is `ceded` was another's when we came back for it.
    """

    name: str
    connection: Connection | None
    lost_at: float = 0.0
    ceded: bool = False


class Keeper:
    """Watches the connections of locks in a thread, which is there only while there is a lock.

    Args:
        take: takes the lock of a name and returns the connection that holds it, None where another process has it.
        give_back: takes such a connection back.
        patience: seconds within which a server frees the lock of a connection that it lost.
    """

    def __init__(
        self, take: Callable[[str], Connection | None], give_back: Callable[[Connection], None], patience: float
    ) -> None:
        self._take = take
        self._give_back = give_back
        self._patience = patience
        self._changed = threading.Condition()
        self._held: list[Held] = []
        self._inherited: list[Held] = []
        self._bell: Bell | None = None
        self._process = os.getpid()
        self._closed = False

    @property
    def is_busy(self) -> bool:
        """Whether it keeps any lock."""
        return bool(self._held) and self._process == os.getpid()

    def add(self, held: Held) -> None:
        """Keep this one."""
        self._disown()
        with self._changed:
            self._held.append(held)
            if self._bell is None:
                self._bell = Bell()
                # A daemon, so that a program that never lets go of a lock can still end.
                threading.Thread(target=self._serve, args=(self._bell,), name="agentctl-locks", daemon=True).start()
            else:
                self._bell.ring()

    def remove(self, held: Held) -> Connection | None:
        """Keep it no more; return the connection that holds it, None if it is lost or the process's that forked us."""
        self._disown()
        with self._changed:
            if held not in self._held:
                return None
            self._held.remove(held)
            self._changed.notify_all()
            self._ring()
            return held.connection

    def settle(self) -> None:
        """Wait, for `patience` at most, until no lock is lost but those that another process has."""
        if not self.is_busy:
            return
        with self._changed:
            self._look()
            if not self._is_settled():
                self._ring()
                self._changed.wait_for(self._is_settled, self._patience)

    def close(self) -> None:
        """Take none again."""
        with self._changed:
            self._closed = True
            self._ring()

    def _serve(self, bell: Bell) -> None:
        while (seen := self._watched(bell)) is not None:
            files, lost = seen
            pauses = [pause for held in lost if (pause := self._take_again(held))]
            if pauses or not lost:
                bell.wait(files, min(pauses, default=None))

    def _watched(self, bell: Bell) -> tuple[list[int], list[Held]] | None:
        """Return the files of the connections that are there and the locks that are lost; None if there is no lock."""
        with self._changed:
            if self._closed or not self._held:
                self._bell = None
                bell.close()
                return None
            self._look()
            files = [held.connection.file for held in self._held if held.connection]
            return files, [held for held in self._held if not held.connection]

    def _look(self) -> None:
        for held in self._held:
            if held.connection and held.connection.has_ended:
                held.connection.close()
                held.connection, held.lost_at = None, time.monotonic()

    def _take_again(self, held: Held) -> float:
        """Try to, and return the seconds to wait until the next attempt; 0 if it is held or no more of interest."""
        try:
            connection = self._take(held.name)
        except ConnectionLostError:
            return _AWAY
        except AgentctlError:  # the writes will tell
            return _ANOTHERS
        with self._changed:
            if connection is None:
                return self._cede(held)
            if held in self._held:
                held.connection, held.ceded = connection, False
                self._changed.notify_all()
                return 0
        self._give_back(connection)
        return 0

    def _cede(self, held: Held) -> float:
        # For a moment it may still be that of our own connection.
        if time.monotonic() < held.lost_at + self._patience:
            return _AWAY
        if not held.ceded:
            from agentctl import log  # noqa: PLC0415 - hardly ever needed

            held.ceded = True
            self._changed.notify_all()
            log.warning("another process took a lock that the server lost; going on without it", lock=held.name)
        return _ANOTHERS

    def _is_settled(self) -> bool:
        return all(held.connection or held.ceded for held in self._held)

    def _ring(self) -> None:
        if self._bell:
            self._bell.ring()

    def _disown(self) -> None:
        """Leave the locks of the process that we were forked from to it. Its thread is not here."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._changed = threading.Condition()
            self._inherited, self._held = self._held, []
            if self._bell:
                self._bell.close()
                self._bell = None
