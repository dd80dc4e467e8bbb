"""A database in an SQLite file that threads and processes share.

The file is in WAL mode with `synchronous=FULL`, so a resolved write survives a power loss. All writes of a process go
through one thread (`writer.py`). Between processes a file lock is held around each write, checkpoint and close, for
two reasons: SQLite's own busy handler starves writers, and up to 3.51.2 a write that races a checkpoint can be lost
(https://sqlite.org/wal.html#walresetbug). So nothing is checkpointed or closed without that lock.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from agentctl.errors import StorageError
from agentctl.locks import FileLock
from agentctl.store.base import LockBusyError, T, Transaction
from agentctl.store.migrate import Migration, load
from agentctl.store.sqlite.connection import Connection
from agentctl.store.sqlite.schema import file_errors, prepare, sync

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agentctl.store.sqlite.writer import Writer


_WAL_LIMIT = 4 << 20  # bytes; SQLite's own default is about the same


def _silent(_: str) -> None:
    pass


def open_sqlite(
    path: Path,
    *,
    tell: Callable[[str], None] = _silent,
    migrations: Sequence[Migration] | None = None,
    wal_limit: int = _WAL_LIMIT,
) -> SqliteDatabase:
    """Open the database file at `path`; create or migrate it where needed.

    Args:
        path: the file. Beside it stand its WAL, a directory of locks, a reserve of space, and backups made before a
            migration.
        tell: takes a line when the disk is full and the reserve is used.
        migrations: the schema, where it is not this program's own.
        wal_limit: how many bytes the WAL may have before it is moved into the file.

    Raises:
        StorageError: it can't be opened, is damaged or foreign, or was written by a newer program.
    """
    path = path.absolute()
    with file_errors(path):
        _create(path)
    return SqliteDatabase(path, tell, load("sqlite") if migrations is None else migrations, wal_limit)


class SqliteDatabase:
    """`Database` over one SQLite file; made by `open_sqlite`."""

    def __init__(
        self, path: Path, tell: Callable[[str], None], migrations: Sequence[Migration], wal_limit: int
    ) -> None:
        self._path = path
        self._locks = Path(f"{path}.locks")
        self._tell = tell
        self._migrations = migrations
        self._wal_limit = wal_limit
        self._mutex = Lock()
        self._closed = False
        self._writer: Writer | None = None
        self._idle = [self._connect()]
        # One that is never closed would be closed by the interpreter, without the lock that a close needs.
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """`sqlite:///` and the absolute path."""
        return f"sqlite:///{self._path}"

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` in a write transaction, together with other work that waits."""
        with self._mutex:  # so that nothing is queued behind the end that `close` queues
            self._refuse_when_closed()
            self._writer = self._writer or self._start_writer()
            return self._writer.submit(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """`submit`, and wait."""
        return self.submit(work).result()

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a snapshot; it can't write."""
        with self._borrowed() as connection, connection.snapshot():
            return work(connection)

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        """Hold the lock `name`, kept as a file while it is held."""
        from urllib.parse import quote  # noqa: PLC0415 - a listing takes no lock

        lock = FileLock(self._locks / f"{quote(name, safe='')}.lock", transient=True)
        with file_errors(self._path):
            taken = lock.acquire(wait)
        if not taken:
            raise LockBusyError(
                f"another process is using {name}", hint="wait until it is done there, or end that process"
            )
        try:
            yield
        finally:
            lock.release()

    def check(self) -> list[str]:
        """Return what is wrong with the file; it takes as long as reading all of it."""
        with self._borrowed() as connection:
            return connection.check()

    def tidy(self, *, shrink: bool = False) -> None:
        """Merge the search index and empty the write-ahead log; with `shrink` write the whole file anew."""
        with self._borrowed() as connection, file_errors(self._path), self._guard():
            connection.tidy(shrink=shrink)
            connection.checkpoint()

    def close(self) -> None:
        """Finish what was submitted and close the files. Does nothing the second time."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        if self._writer:
            self._writer.close()
        self._close(*self._idle)

    def _connect(self) -> Connection:
        connection = Connection(str(self._path))
        try:
            prepare(connection, self._migrations, self._path, self._guard())
        except BaseException:
            self._close(connection)
            raise
        return connection

    def _guard(self) -> FileLock:
        return FileLock(self._locks / "write")

    def _close(self, *connections: Connection) -> None:
        with file_errors(self._path), self._guard():
            for connection in connections:
                connection.close()

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _take(self) -> Connection:
        with self._mutex:
            self._refuse_when_closed()
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: Connection) -> None:
        with self._mutex:
            if not self._closed:
                self._idle.append(connection)
                return
        self._close(connection)

    def _start_writer(self) -> Writer:
        # Imported at the first write: the machinery of futures costs more than all of a listing.
        from agentctl.store.sqlite.reserve import Reserve  # noqa: PLC0415
        from agentctl.store.sqlite.writer import Writer  # noqa: PLC0415

        reserve = Reserve(Path(f"{self._path}.reserve"), self._tell)
        return Writer(self._connect, self._guard(), Path(f"{self._path}-wal"), self._wal_limit, reserve)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StorageError(f"{self._path} is closed")


def _create(path: Path) -> None:
    _make_private(path.parent)
    try:
        # Only where it is missing: closing a descriptor of an open database would drop SQLite's locks on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        sync(path.parent)
    except FileExistsError:
        pass
    Path(f"{path}.locks").mkdir(mode=0o700, exist_ok=True)


def _make_private(directory: Path) -> None:
    if not directory.exists():
        _make_private(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
        sync(directory.parent)
