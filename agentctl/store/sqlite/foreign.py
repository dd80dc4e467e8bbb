"""Reads the SQLite database of another program, and changes nothing of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError
from agentctl.store.sqlite.reading import reading_uri

Fields = dict[str, Any]


class Foreign:
    """The database as it is at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self.tables = frozenset(name for (name,) in rows)

    def rows(self, sql: str, *values: str | int | None) -> list[Fields]:
        """Run a query and return its rows."""
        cursor = self._connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, *values: str | int | None) -> Fields | None:
        """Run a query and return its first row, or None."""
        return next(iter(self.rows(sql, *values)), None)


@contextmanager
def foreign(path: Path) -> Iterator[Foreign]:
    """Open the database at `path` to be read.

    Raises:
        UsageError: it can't be read, or is damaged.
    """
    try:
        with closing(_open(path)) as connection:
            connection.execute("BEGIN")
            yield Foreign(connection)
    except (sqlite3.Error, OverflowError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            hint = "another program is writing to it: try again when that is done"
            raise UsageError(f"can't read the database {path} now: {error}", hint=hint) from error
        raise UsageError(f"can't read the database {path}: {error}", hint="check that the file is whole") from error


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(reading_uri(path), uri=True, isolation_level=None)
