"""The thread that makes all writes of a process, many in one transaction (group commit)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from agentctl.errors import StorageError
from agentctl.locks import FileLock
from agentctl.store.base import T, Transaction
from agentctl.store.job import Caught, Job
from agentctl.store.sqlite.connection import Connection, DiskFullError
from agentctl.store.sqlite.reserve import Reserve

_MOST_LOGGED = 64  # jobs; with the usual ones the log has about 4 MiB then


class Writer:
    """Runs submitted work in its thread, which starts now and ends at `close`.

    Args:
        connect: opens the connection that the thread writes through, at its first work.
        guard: the lock between processes, held around each write, checkpoint and close.
        wal: the write-ahead log.
        limit: how many bytes it may have before it is moved into the database.
        reserve: what is given up when the disk is full.
    """

    def __init__(
        self, connect: Callable[[], Connection], guard: FileLock, wal: Path, limit: int, reserve: Reserve
    ) -> None:
        self._connect = connect
        self._guard = guard
        self._wal = wal
        self._reserve = reserve
        self._limit = self._checkpoint_at = limit
        self._connection: Connection | None = None
        self._logged = 0  # jobs since the log was moved into the database
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # A daemon, so that a program that never closes its database can still end.
        self._thread = threading.Thread(target=self._serve, name="agentctl-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Queue `work`; the future resolves when its transaction is durable."""
        future: Future[T] = Future()
        self._queue.put(Job(work, future))
        return future

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while job := self._queue.get():
            if job.starts():
                self._commit_group(job)
        if self._connection:
            with self._guard:
                self._connection.close()

    def _begin(self) -> Connection:
        connection = self._connect()
        connection.limit_log(self._limit)
        return connection

    def _commit_group(self, first: Job) -> None:
        jobs = [first]
        failure = Caught()
        with failure:
            self._connection = self._connection or self._begin()
            with self._guard:
                # Only now: what was submitted while we waited for the lock comes along.
                jobs.extend(self._waiting())
                self._reserve.keep()
                self._checkpoint(self._connection)
                self._commit(self._connection, jobs)
                self._logged += len(jobs)
        for job in jobs:
            job.resolve(failure.error)

    def _commit(self, connection: Connection, jobs: list[Job]) -> None:
        """Commit them; on a full disk the reserve is given up for it, and nothing of the first attempt stays."""
        try:
            _commit(connection, jobs)
        except DiskFullError:
            if not self._reserve.give_up():
                raise
            with suppress(StorageError):
                connection.checkpoint()  # what the log takes is of use too
            _commit(connection, jobs)

    def _waiting(self) -> Iterable[Job]:
        for _ in range(self._queue.qsize()):
            job = self._queue.get()
            if job is None:
                self._queue.put(None)
                return
            if job.starts():
                yield job

    def _checkpoint(self, connection: Connection) -> None:
        """Move what is in the log into the database, now and then; how much of its file is in use nobody tells."""
        size = self._wal.stat().st_size if self._wal.exists() else 0
        if self._logged < _MOST_LOGGED and size <= self._checkpoint_at:
            return
        # A reader may need a part of the log. Then it is left to grow by as much again, not waited for.
        with suppress(StorageError):
            moved = connection.back_fill()
            self._logged, self._checkpoint_at = 0, self._limit if moved else size + self._limit


def _commit(connection: Connection, jobs: list[Job]) -> None:
    """Run the jobs in one transaction; a job that fails is undone alone."""
    with connection.transaction():
        for job in jobs:
            _attempt(connection, job)


def _attempt(connection: Connection, job: Job) -> None:
    connection.run("SAVEPOINT job")
    job.run(connection)
    if not connection.in_transaction:
        # After some errors, like a full disk, SQLite rolls back everything.
        raise job.error or StorageError("the transaction was lost")
    if isinstance(job.error, DiskFullError):
        raise job.error
    if job.error:
        connection.run("ROLLBACK TO job")
    connection.run("RELEASE job")
