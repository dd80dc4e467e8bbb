"""A database of PostgreSQL that threads, processes and machines share."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING

from agentctl.errors import StorageError
from agentctl.store.base import T, Transaction
from agentctl.store.migrate import Migration, load
from agentctl.store.postgres.connection import READ, Connection
from agentctl.store.postgres.locks import Locks
from agentctl.store.postgres.pool import Pool
from agentctl.store.postgres.receipts import Once, Receipts, drop
from agentctl.store.postgres.schema import prepare, problems
from agentctl.store.postgres.target import Target, target
from agentctl.store.postgres.transaction import transact
from agentctl.store.postgres.waiting import Patience, Waiting

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agentctl.store.postgres.writer import Writer


def _silent(_: str) -> None:
    pass


def open_postgres(
    url: str,
    *,
    tell: Callable[[str], None] = _silent,
    password: Callable[[], str | None] = lambda: None,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
    migrations: Sequence[Migration] | None = None,
) -> PostgresDatabase:
    """Open the database at `url`; make or change its schema where needed.

    Args:
        url: as libpq reads it; what it leaves out is in libpq's variables, service file and password file.
        tell: takes a line when the server is away, and one when it is back.
        password: asked for one when libpq finds none and the server wants it.
        patience: how long transactions wait for a server that is away. Opening does not wait.
        migrations: the schema, where it is not this program's own.

    Raises:
        ConfigError: libpq does not understand the URL.
        StorageError: there is no connection, or the database is another program's or written by a newer one.
    """
    known = load("postgres") if migrations is None else migrations
    return PostgresDatabase(target(url, password), tell, patience, known)


class PostgresDatabase:
    """`Database` over a server; made by `open_postgres`.

    A write transaction takes effect once, or not at all: where the connection ends before the commit is answered, the
    next attempt asks for the receipt of this one. So `work` may run more than once.
    """

    def __init__(
        self, place: Target, tell: Callable[[str], None], patience: Patience, migrations: Sequence[Migration]
    ) -> None:
        self._place = place
        self._patience = patience
        self._migrations = migrations
        self._pool = Pool(lambda: Connection(place), place.where)
        self._waiting = Waiting(place.where, tell)
        self._receipts = Receipts()
        self._locks = Locks(self._pool, patience.lock)
        self._mutex = Lock()
        self._closed = False
        self._writer: Writer | None = None
        self._writer_of = 0
        try:
            with self._pool.lend() as connection:
                prepare(connection, migrations, place.where)
        except BaseException:
            self._pool.close()
            raise
        atexit.register(self.close)

    @property
    def url(self) -> str:
        """The URL without its password."""
        return self._place.url

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` in a write transaction, after all that was submitted before."""
        with self._mutex:  # so that nothing is queued behind the end that `close` queues
            if self._closed:
                raise StorageError(f"{self._place.where} is closed")
            if self._writer is None or self._writer_of != os.getpid():  # a fork has no threads
                self._writer, self._writer_of = self._start_writer(), os.getpid()
            return self._writer.submit(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction, once."""
        once = Once(work, self._receipts)

        def attempt() -> T:
            self._locks.keep()
            with self._pool.lend() as connection:
                return once.run(connection)

        return self._waiting.until_done(attempt, self._patience.write)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction that sees one moment of the database and can't write."""

        def attempt() -> T:
            with self._pool.lend() as connection:
                return transact(connection, READ, work)

        return self._waiting.until_done(attempt, self._patience.read)

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        """Hold the lock `name` against all other holders; a holder's death frees it."""
        held = self._waiting.until_done(lambda: self._locks.take(name, wait), self._patience.write)
        try:
            yield
        finally:
            self._locks.release(held)

    def check(self) -> list[str]:
        """Return what is wrong with it; it takes as long as reading all of it."""
        with self._pool.lend() as connection:
            return list(problems(connection, self._migrations, self._place.where))

    def tidy(self, *, shrink: bool = False) -> None:
        """Make room of what was deleted, and let the planner count anew; with `shrink` write each table anew."""
        how = "VACUUM (FULL, ANALYZE)" if shrink else "VACUUM (ANALYZE)"
        with self._pool.lend() as connection:
            drop(connection, self._receipts.take())
            for row in connection.all("schema.tables"):
                connection.script(f"{how} {row['name']}")

    def close(self) -> None:
        """Finish what was submitted and close the connections. Does nothing the second time."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
        atexit.unregister(self.close)
        self._locks.close()
        if self._writer and self._writer_of == os.getpid():
            self._writer.close()
        if settled := self._receipts.take():
            with suppress(StorageError), self._pool.lend() as connection:
                drop(connection, settled)
        self._pool.close()

    def _start_writer(self) -> Writer:
        # Imported at the first write: the machinery of futures costs more than all of a listing.
        from agentctl.store.postgres.writer import Writer  # noqa: PLC0415

        return Writer(self.write)
