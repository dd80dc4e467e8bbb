"""One connection to PostgreSQL whose every error is a StorageError.

Nothing outlives a transaction on it, neither settings nor prepared statements: a pooler may give the next one to
another connection of its own.
"""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

from agentctl.errors import StorageError
from agentctl.store.base import Row, Value
from agentctl.store.postgres.failures import refusal, too_many_connections, translated
from agentctl.store.postgres.queries import query
from agentctl.store.postgres.target import Target
from agentctl.store.postgres.values import adapt

Cursor = psycopg.Cursor[tuple[Any, ...]]

_OLDEST = 130000  # the first with transaction ids of 64 bits
_TRANSACTION_TIMEOUT = 170000  # the first that has it

READ = """
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL statement_timeout = '120s'; SET LOCAL idle_in_transaction_session_timeout = '600s'
"""
# A commit that is answered must be durable, also where the server was told not to wait for its disk.
# Where the server makes transactions read-only, that is meant.
WRITE = """
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SELECT set_config('synchronous_commit', 'on', TRUE) WHERE current_setting('synchronous_commit') = 'off'
"""
# One at a time changes a schema, and others wait for it.
CHANGE = """
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '60s'
"""
# For as long as somebody holds a lock.
HOLD = """
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""


class Connection:
    """A connection, and the `Transaction` that is open on it. Threads may use it one after the other.

    Raises:
        StorageError: there is none to be had, or the server is too old or keeps text in another encoding than UTF-8.
    """

    def __init__(self, target: Target) -> None:
        self._where = target.where
        self._driver = _connect(target)
        self._careful = False
        try:
            self._check(target)
        except BaseException:
            self.close()
            raise

    def execute(self, name: str, /, **values: Value) -> int:
        """Run the named query and return how many rows it changed."""
        return self._run(name, values).rowcount

    def one(self, name: str, /, **values: Value) -> Row | None:
        """Run the named query and return its first row, or None."""
        rows = self.all(name, **values)
        return rows[0] if rows else None

    def all(self, name: str, /, **values: Value) -> list[Row]:
        """Run the named query and return its rows."""
        cursor = self._run(name, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in _rows(cursor, self._where)] if names else []

    def tuples(self, name: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Run the named query and return its rows as tuples."""
        return _rows(self._run(name, values), self._where)

    def script(self, sql: str) -> None:
        """Run statements that return nothing."""
        with translated(self._where):
            self._driver.execute(sql.encode())

    def script_within(self, sql: str, seconds: float) -> None:
        """Run statements whose results don't matter; close the connection if no answer has begun within `seconds`.

        Raises:
            TooManyConnectionsError: none has. A pooler has no connection of the server's to give.
        """
        with translated(self._where):
            pgconn = self._driver.pgconn
            pgconn.send_query(sql.encode())
            if not self._says_something(seconds):
                self.close()
                raise too_many_connections("no answer", self._where)
            results = list(iter(pgconn.get_result, None))
            if self._driver.closed:
                raise psycopg.OperationalError(pgconn.get_error_message())
            for result in results:
                if result.status == ExecStatus.FATAL_ERROR:
                    raise psycopg.errors.error_from_result(result)

    def finds(self, sql: str) -> bool:
        """Whether a statement returns any row."""
        with translated(self._where):
            return self._driver.execute(sql.encode()).fetchone() is not None

    @contextmanager
    def transaction(self, begin: str) -> Iterator[None]:
        """Commit what the block does in a transaction that `begin` begins; undo all of it when that fails."""
        try:
            self.script(begin)
            yield
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    @contextmanager
    def savepoints(self) -> Iterator[None]:
        """Within the block a statement that is refused undoes itself alone."""
        self._careful = True
        try:
            yield
        finally:
            self._careful = False

    def commit(self) -> None:
        """Make it durable."""
        self.script("COMMIT")

    def roll_back(self) -> None:
        """Undo what the open transaction did; a connection that is lost has done so."""
        with suppress(StorageError):
            if not self._driver.closed and not self.is_idle:
                self.script("ROLLBACK")

    @property
    def is_idle(self) -> bool:
        """Whether it is there and in no transaction."""
        return self._driver.pgconn.transaction_status == TransactionStatus.IDLE

    @property
    def is_spoilt(self) -> bool:
        """Whether the open transaction can only be undone, for a statement in it was refused."""
        return self._driver.pgconn.transaction_status == TransactionStatus.INERROR

    @property
    def version(self) -> int:
        """The server's, as 150004 for 15.4."""
        return self._driver.info.server_version

    @property
    def has_ended(self) -> bool:
        """Whether the server or the network ended it while nothing was asked of it."""
        if self._driver.closed:
            return True
        try:
            while self._says_something(0):  # why it ends the connection or, now and then, something else
                self._driver.pgconn.consume_input()
        except psycopg.Error:
            return True
        return self._driver.closed

    @property
    def file(self) -> int:
        """The descriptor of its socket."""
        return self._driver.fileno()

    def limit_transaction(self) -> None:
        """Let the open transaction last, as far as the server has a limit for that."""
        if self.version >= _TRANSACTION_TIMEOUT:
            self.script("SET LOCAL transaction_timeout = 0")

    def close(self) -> None:
        """Close it."""
        with suppress(psycopg.Error):
            self._driver.close()

    def _says_something(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._driver.fileno(), select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _run(self, name: str, values: Mapping[str, Value]) -> Cursor:
        if not self._careful:
            with translated(self._where):
                return self._driver.execute(query(name), values)
        self.script("SAVEPOINT statement")
        try:
            with translated(self._where):
                cursor = self._driver.execute(query(name), values)
        except StorageError:
            self.script("ROLLBACK TO SAVEPOINT statement")
            raise
        self.script("RELEASE SAVEPOINT statement")
        return cursor

    def _check(self, target: Target) -> None:
        if self.version < _OLDEST:
            raise StorageError(
                f"{target.where} is version {self.version // 10000}, which is too old",
                hint=f"use PostgreSQL {_OLDEST // 10000} or newer",
            )
        encoding = self._driver.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StorageError(
                f"the database of {target.where} keeps text as {encoding}, which can't hold everything",
                hint="make one that can: createdb --encoding UTF8 --template template0 NAME",
            )


def _rows(cursor: Cursor, where: str) -> list[tuple[Any, ...]]:
    with translated(where):
        return cursor.fetchall()


def _connect(target: Target) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        return _open(target.conninfo)
    except psycopg.Error as error:
        asked = error.pgconn is not None and error.pgconn.needs_password
        conninfo = target.with_password() if asked else None
        if conninfo is None:
            raise refusal(error, target.where) from error
    try:
        return _open(conninfo)
    except psycopg.Error as error:
        raise refusal(error, target.where) from error


def _open(conninfo: str) -> psycopg.Connection[tuple[Any, ...]]:
    driver = psycopg.Connection.connect(conninfo, autocommit=True, prepare_threshold=None)
    adapt(driver.adapters)
    return driver
