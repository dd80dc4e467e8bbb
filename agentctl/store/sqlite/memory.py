"""A database in memory: nothing outlives it. What `--no-save` writes to, and the fake of tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock

from agentctl.store.base import LockBusyError, T, Transaction
from agentctl.store.job import Caught, Job
from agentctl.store.migrate import load
from agentctl.store.sqlite.connection import Connection
from agentctl.store.sqlite.schema import migrate


class MemoryDatabase:
    """`Database` over one connection that takes one transaction at a time."""

    def __init__(self) -> None:
        self._connection = Connection(":memory:")
        migrate(self._connection, load("sqlite"))
        self._mutex = Lock()
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @property
    def url(self) -> str:
        """`:memory:`."""
        return ":memory:"

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` at once."""
        job, failure = Job(work, Future()), Caught()
        with failure:
            job.result = self.write(work)
        job.resolve(failure.error)
        return job.future

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction."""
        with self._mutex, self._connection.transaction():
            return work(self._connection)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction that can't write."""
        with self._mutex, self._connection.snapshot():
            return work(self._connection)

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        """Hold the lock `name`; no other process can see this database."""
        lock = self._locks[name]
        if not lock.acquire(timeout=wait):
            raise LockBusyError(f"another thread is using {name}")
        try:
            yield
        finally:
            lock.release()

    def check(self) -> list[str]:
        """Return what is wrong with it."""
        with self._mutex:
            return self._connection.check()

    def close(self) -> None:
        """Forget everything."""
        with self._mutex:
            self._connection.close()
