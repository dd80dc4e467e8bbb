"""Reads the SQLite database of another program, and changes nothing of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agentctl.errors import UsageError

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
    # Without a log nobody writes to it, and the file alone is all of it: then not even a lock is needed. With one, what
    # was written last is there, and a connection that may only read never moves it into the file.
    log = Path(f"{path}-wal")
    alone = not (log.exists() and log.stat().st_size)
    mode = "immutable=1" if alone and _is_wal(path) else "mode=ro"
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None)


def _is_wal(path: Path) -> bool:
    """Whether the file says that it is to be read with a log, which only who may write can make."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"
