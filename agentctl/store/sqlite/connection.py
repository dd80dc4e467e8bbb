"""One connection to SQLite whose every error is a StorageError. The only user of `sqlite3`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentctl.errors import StorageError
from agentctl.store.base import DamagedError, LockBusyError, Row, Value
from agentctl.store.statements import statement

VERSION = sqlite3.sqlite_version_info
WAL_RESET_BUG = (3, 7, 0) <= VERSION <= (3, 51, 2)
"""Whether this SQLite can lose a write that races a checkpoint (https://sqlite.org/wal.html#walresetbug)."""

_OLDEST = (3, 37, 0)  # the first with STRICT tables
_BUSY_MS = 10_000  # for programs that don't know our lock, like SQLite's shell
_LEAST = 1 << 16  # free bytes, with which SQLite can't even make the index of its log
_MOST_PROBLEMS = 10  # of a damaged file, that are told
_SETTINGS = """
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA secure_delete = ON;
"""


class DiskFullError(StorageError):
    """There is no space for this on the disk."""


class Connection:
    """A connection to the file `name` or `:memory:`, and the `Transaction` that is open on it.

    Threads may use it one after the other. Where `name` is a URI, `called` is what errors call the file.
    """

    def __init__(self, name: str, called: str | None = None) -> None:
        require(VERSION)
        self._name = called or name
        self._writing = False
        with _translated(self._name):
            self._sqlite = sqlite3.connect(
                name,
                timeout=_BUSY_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
                uri=called is not None,
            )
            self._sqlite.executescript(_SETTINGS)

    def execute(self, query: str, /, **values: Value) -> int:
        """Run the named query and return how many rows it changed."""
        return self._run(self._named(query), values)[0]

    def one(self, query: str, /, **values: Value) -> Row | None:
        """Run the named query and return its first row, or None."""
        rows = self.all(query, **values)
        return rows[0] if rows else None

    def all(self, query: str, /, **values: Value) -> list[Row]:
        """Run the named query and return its rows."""
        return self._run(self._named(query), values)[1]

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Run the named query and return its rows as tuples."""
        with _translated(self._name):
            return self._fetched(self._named(query), values)[1]

    def pragma(self, name: str) -> Value:
        """Return the first value of a pragma."""
        rows = self._run(f"PRAGMA {name}", {})[1]
        return next(iter(rows[0].values()), None)

    def script(self, sql: str) -> None:
        """Run statements that return nothing, after committing an open transaction."""
        with _translated(self._name):
            self._sqlite.executescript(sql)

    def run(self, sql: str) -> None:
        """Run one statement that returns nothing."""
        self._run(sql, {})

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; SQLite itself rolls back after some errors."""
        with _translated(self._name):
            return self._sqlite.in_transaction

    @contextmanager
    def transaction(self, script: str = "") -> Iterator[None]:
        """Commit what `script` and the block do; undo all of it when that fails."""
        try:
            self.script(f"BEGIN IMMEDIATE;{script}")
            self._writing = True
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._writing = False

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See one moment of the database, and write nothing."""
        self.script("PRAGMA query_only = ON; BEGIN")
        try:
            yield
        finally:
            self._roll_back()
            self.run("PRAGMA query_only = OFF")

    def limit_log(self, size: int) -> None:
        """Keep no more of the write-ahead log than `size` bytes when it is begun anew."""
        self.run(f"PRAGMA journal_size_limit = {size}")

    def back_fill(self) -> bool:
        """Move the write-ahead log into the database as far as no reader needs it, without waiting.

        Returns:
            Whether all of it was moved: the next write begins it anew, in the room that it has on the disk. To make a
            file grow and shrink costs more than to write in its midst.
        """
        (row,) = self._run("PRAGMA wal_checkpoint(PASSIVE)", {})[1]
        return bool(row["log"] == row["checkpointed"])

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database and empty its file, without waiting for readers.

        Returns:
            Whether the log could be emptied.
        """
        self.run("PRAGMA busy_timeout = 0")
        try:
            return self.pragma("wal_checkpoint(TRUNCATE)") == 0
        finally:
            self.run(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def tidy(self, *, shrink: bool) -> None:
        """Drop what the search index keeps of words that were deleted; with `shrink` write the whole file anew."""
        self.run("INSERT INTO search_index (search_index) VALUES ('optimize')")
        if shrink:
            self.run("VACUUM")

    def check(self) -> list[str]:
        """Return what is wrong with the file, a line each."""
        lines = [str(row["integrity_check"]) for row in self._run(f"PRAGMA integrity_check({_MOST_PROBLEMS})", {})[1]]
        strays = [row["table"] for row in self._run("PRAGMA foreign_key_check", {})[1]]
        sums = [row["scope"] for row in self.all("totals.differing")]
        return [
            *(line for line in lines if line != "ok"),
            *(f"a row of {table} belongs to nothing" for table in strays),
            *(f"the sums of the ledger by {scope} are not those of its charges" for scope in sums),
        ]

    def backup(self, target: str) -> None:
        """Copy the database, as of now, into the file `target`."""
        with _translated(target):
            copy = sqlite3.connect(target)
            try:
                self._sqlite.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        """Close it; the last connection to a file also checkpoints."""
        with _translated(self._name):
            self._sqlite.close()

    def _run(self, sql: str, values: Mapping[str, Value]) -> tuple[int, list[Row]]:
        with _translated(self._name):
            cursor, rows = self._fetched(sql, values)
            names = [column[0] for column in cursor.description or ()]
            return cursor.rowcount, [dict(zip(names, row, strict=True)) for row in rows]

    def _named(self, query: str) -> str:
        if self._writing and not self.in_transaction:
            # Some errors undo all of it. What comes after one must not take effect by itself.
            raise StorageError(f"the transaction in {self._name} was lost")
        return statement(query, "sqlite")

    def _fetched(self, sql: str, values: Mapping[str, Value]) -> tuple[sqlite3.Cursor, list[tuple[Any, ...]]]:
        cursor = self._sqlite.execute(sql, values)
        try:
            return cursor, cursor.fetchall()
        except sqlite3.OperationalError as error:
            if not str(error).startswith(_NO_TEXT):
                raise
        # Only now, for it is slower. What is marked so differs from its checksum, and all else can be read.
        self._sqlite.text_factory = _marked
        cursor = self._sqlite.execute(sql, values)
        return cursor, cursor.fetchall()

    def _roll_back(self) -> None:
        if self.in_transaction:
            self.run("ROLLBACK")


def _marked(text: bytes) -> str:
    """Text that is not UTF-8, with a mark in the place of what is none."""
    return text.decode(errors="replace")


def require(version: tuple[int, int, int]) -> None:
    """Refuse an SQLite that is too old.

    Raises:
        StorageError: it is.
    """
    if version < _OLDEST:
        raise StorageError(
            f"this Python has SQLite {'.'.join(map(str, version))}, which is too old",
            hint=f"use a Python with SQLite {'.'.join(map(str, _OLDEST))} or newer, such as those that uv installs",
        )


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _storage_error(error, name) from error
    except UnicodeDecodeError as error:  # not even the name of what is damaged is text
        what, hint = _REASONS[sqlite3.SQLITE_CORRUPT]
        raise StorageError(what.format(name=name), hint=hint.format(name=name)) from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise StorageError(f"a value does not fit the database {name}: {error}") from error


_REASONS = {
    sqlite3.SQLITE_CORRUPT: (
        "the database {name} is damaged",
        "keep a copy, then restore a backup (*.bak beside it) or try `sqlite3 {name} .recover`; see `agentctl doctor`",
    ),
    sqlite3.SQLITE_NOTADB: (
        "{name} is not a database, or a damaged one",
        "move it away or choose another `database` in the configuration; `agentctl doctor` shows which is used",
    ),
    sqlite3.SQLITE_FULL: (
        "the disk is full: {name} can't grow",
        "free some space and run the command again; what was saved before is safe",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk failed to read or write {name}",
        "check the disk's free space, quota and health, then run the command again",
    ),
    sqlite3.SQLITE_READONLY: (
        "{name} is read-only: it can't be written",
        "check who owns it and its directory, or choose another `database` in the configuration",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{name} can't be opened",
        "check who owns it and its directory, or choose another `database` in the configuration",
    ),
}


_KINDS = {sqlite3.SQLITE_FULL: DiskFullError, sqlite3.SQLITE_CORRUPT: DamagedError}

_LACKING = (
    "no such table",
    "no such column",
    "vtable constructor failed",
    "SQL logic error",
)  # the last is of an index
_NO_TEXT = "Could not decode to UTF-8"  # how the module begins what it says, without a code, of a damaged text


def is_full(name: str) -> bool:
    """Whether there is no room left on the disk of a file."""
    try:
        disk = os.statvfs(Path(name).parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _LEAST


def _storage_error(error: sqlite3.Error, name: str) -> StorageError:
    # An extended code keeps its primary code in the low byte. Errors of the Python module have none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockBusyError(f"another program keeps {name} locked: {error}", hint="end that program and try again")
    if str(error).startswith((_NO_TEXT, *_LACKING)):
        code = sqlite3.SQLITE_CORRUPT
    if code == sqlite3.SQLITE_IOERR and is_full(name):
        code = sqlite3.SQLITE_FULL
    what, hint = _REASONS.get(code, ("the database {name} refused this", None))
    return _KINDS.get(code, StorageError)(f"{what.format(name=name)}: {error}", hint=hint and hint.format(name=name))
