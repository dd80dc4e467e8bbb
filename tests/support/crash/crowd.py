"""Writers at full load in many processes and threads, to be killed or to outlive their server.

`python crowd.py URL ROUND PROCESSES THREADS COUNT PATIENCE` starts them, in a process group of their own. Each thread
has a session and says `SESSION N` once message N of it is durable, and all before it. It stops after COUNT messages, if
it lives so long. What fails is tried again, with the same ids, for PATIENCE seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from threading import Thread
from typing import TypeVar

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.errors import StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

PATIENCE = 30.0  # seconds that a lock is waited for
PAUSE = 0.02  # seconds before what failed is tried again
BILLED = 5  # every so many messages a call is charged
PRICE = Decimal("0.001")

T = TypeVar("T")


class Crowd(subprocess.Popen[bytes]):
    """The processes, which have begun."""

    def __init__(
        self, url: str, number: int, *, processes: int, threads: int, count: int = 10**6, patience: int = 0
    ) -> None:
        arguments = [sys.executable, __file__, url, *map(str, (number, processes, threads, count, patience))]
        super().__init__(arguments, stdout=subprocess.PIPE, start_new_session=True)

    def said(self) -> Iterator[tuple[str, int]]:
        """What they say: sessions, and how many of the messages of each are durable. It ends when all have ended."""
        assert self.stdout
        for line in self.stdout:
            if line.endswith(b"\n"):  # the last may have been killed in the middle of a line
                session_id, number = line.split()
                yield session_id.decode(), int(number) + 1

    def kill_all(self) -> None:
        """Kill every process at once."""
        os.killpg(self.pid, signal.SIGKILL)

    def __exit__(self, *error: object) -> None:
        """Leave none behind when a test fails."""
        if self.poll() is None and error[0] is not None:
            self.kill_all()
        self.wait()
        assert self.stdout
        self.stdout.close()


def text(session_id: str, number: int) -> str:
    """The text of a message."""
    return f"{session_id} {number} ".ljust(50 + number * 37 % 3000, "x")


def verify(database: Database, durable: dict[str, int]) -> list[str]:
    """Return what is wrong with a database, of which so many messages of each session were acknowledged."""
    found = list(database.check())
    for session_id, least in durable.items():
        told, spent = database.read(partial(_told, session_id=session_id))
        if told != [text(session_id, number) for number in range(len(told))]:
            found.append(f"session {session_id} has other messages than were written")
        if not least <= len(told) <= least + 1:
            found.append(f"session {session_id} has {len(told)} messages, and {least} were acknowledged")
        if spent != PRICE * ((len(told) + BILLED - 1) // BILLED):
            found.append(f"session {session_id} has cost {spent.normalize()} with {len(told)} messages")
        with database.lock(session_id, wait=PATIENCE):
            pass
    return found


def _told(tx: Transaction, session_id: str) -> tuple[list[str], Decimal]:
    thread = sessions.thread(tx, sessions.get(tx, session_id))
    return [stored.message.text for stored in thread], ledger.session_cost(tx, session_id).known


def _append(tx: Transaction, session_id: str, number: int) -> None:
    """Add a message, and charge the call it answers, unless an attempt that seemed to fail has done that."""
    session = sessions.get(tx, session_id)
    if session.next_seq > number:
        return
    call = _call(session_id, number)
    sessions.append(tx, session, user(text(session_id, number)), message_id=call.call_id)
    if number % BILLED == 0:
        ledger.charge(tx, call, Usage(number), PRICE, "final", None, call.call_id)


def _begin(tx: Transaction, session_id: str) -> None:
    if tx.one("sessions.get", id=session_id) is None:
        sessions.create(tx, session_id=session_id)


def _reserve(tx: Transaction, session_id: str, number: int) -> None:
    if not ledger.is_open(tx, _call(session_id, number)):
        ledger.reserve(tx, _call(session_id, number), Usage(1), PRICE)


@dataclass(frozen=True, slots=True)
class _Writer:
    """One of the processes."""

    url: str
    patience: int

    def run(self, names: list[str], count: int) -> None:
        """Write to the sessions of these names, and read now and then."""
        with closing(self._persist(lambda: connect(self.url))) as database:
            threads = [Thread(target=self._write, args=(database, name, count)) for name in names]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                # Who reads meanwhile keeps the log from being emptied.
                with suppress(StorageError):
                    database.read(lambda tx: sessions.listing(tx, 10))
                threads[0].join(0.01)

    def _write(self, database: Database, session_id: str, count: int) -> None:
        self._do(database, partial(_begin, session_id=session_id))
        for number in range(count):
            if number % BILLED == 0:
                self._do(database, partial(_reserve, session_id=session_id, number=number))
            with ExitStack() as held:
                self._persist(lambda: held.enter_context(database.lock(session_id, wait=PATIENCE)))
                self._do(database, partial(_append, session_id=session_id, number=number))
            os.write(1, f"{session_id} {number}\n".encode())

    def _do(self, database: Database, work: Callable[[Transaction], None]) -> None:
        self._persist(lambda: database.write(work))

    def _persist(self, work: Callable[[], T]) -> T:
        """Do it again until it succeeds."""
        end = time.monotonic() + self.patience
        while True:
            try:
                return work()
            except StorageError:
                if time.monotonic() >= end:
                    raise
                time.sleep(PAUSE)


def _call(session_id: str, number: int) -> Call:
    return Call(f"{session_id}{number:06d}", session_id, "p", "m")


def _main(url: str, *numbers: int) -> None:
    round_number, processes, threads, count, patience = numbers
    children = []
    for process in range(processes):
        names = [f"{round_number:06d}{process:06d}{thread:08d}" for thread in range(threads)]
        if not (child := os.fork()):
            _Writer(url, patience).run(names, count)
            return
        children.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))


if __name__ == "__main__":
    _main(sys.argv[1], *map(int, sys.argv[2:]))
