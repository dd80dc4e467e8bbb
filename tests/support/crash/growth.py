"""A database of the first release, which a newer program migrates and goes on with.

`python growth.py PATH` makes it, says `old`, migrates it, says `new`, appends a message and says `on`; where the
database is there already it begins with the migration.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from agentctl.errors import AgentctlError
from agentctl.messages import user
from agentctl.store import migrate, sessions
from agentctl.store.sqlite.file import open_sqlite

SESSION = "new"
_MESSAGES = 200
_ROWS = f"""
    BEGIN;
    INSERT INTO sessions VALUES ('s', 'work', 'b', 1, 2);
    INSERT INTO branches VALUES ('b', 's', NULL, 0, {_MESSAGES});
    WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {_MESSAGES} - 1)
    INSERT INTO messages SELECT
        'm' || n, 's', 'b', n, CASE WHEN n THEN 'm' || (n - 1) END, 'user', 'final', hex(zeroblob(300)), 'x', NULL, n
    FROM n;
    INSERT INTO usage_ledger SELECT
        id, 's', id, id, 1, 'charge', 'final', 'p', 'm', seq, 2, 3, 4, 5, NULL, 7 + seq, NULL, 'v1', 't', 1 + seq
    FROM messages;
    COMMIT;
"""  # nothing of it is anybody's input
_QUERIES = (
    "SELECT id, name, active_branch_id, created_at, updated_at FROM sessions WHERE id = 's'",
    "SELECT id, session_id, parent_branch_id, fork_seq, next_seq FROM branches WHERE session_id = 's'",
    "SELECT id, seq, parent_id, role, status, body, created_at FROM messages WHERE session_id = 's' ORDER BY seq",
    "SELECT id, message_id, call_id, computed_pusd FROM usage_ledger WHERE session_id = 's' ORDER BY created_at",
)

Rows = list[list[tuple[object, ...]]]


def make_old(path: Path) -> None:
    """Make a database as the first release left it."""
    open_sqlite(path, migrations=migrate.load("sqlite")[:1]).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(_ROWS)


def rows(path: Path) -> Rows:
    """What the first release had written, as it is found now."""
    with closing(sqlite3.connect(path)) as raw:
        return [raw.execute(query).fetchall() for query in _QUERIES]


def violations(path: Path, said: list[str], expected: Rows) -> list[str]:
    """Return what is not as it must be in a database whose migration was interrupted after so much was said."""
    try:
        return [*_old_ones(path, expected), *_migrated(path, said, expected)] if "old" in said else []
    except (AgentctlError, sqlite3.Error) as error:
        return [f"it can't be read: {error}"]


def _old_ones(path: Path, expected: Rows) -> Iterator[str]:
    """Look at the backups, of which there must be one if anything was migrated."""
    copy = path.with_name("copy")
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    if rows(copy) != expected:
        yield "rows of the first release are missing before the migration goes on"
    with closing(sqlite3.connect(copy)) as raw:
        (version,) = raw.execute("SELECT MAX(version) FROM schema_migrations").fetchone()
    backups = sorted(path.parent.glob("*.bak"))
    if version > 1 and not backups:
        yield "it was migrated without a backup"
    for backup in backups:
        with closing(sqlite3.connect(backup)) as raw:
            if raw.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                yield f"the backup {backup.name} is damaged"
        if rows(backup) != expected:
            yield f"the backup {backup.name} lacks rows"


def _migrated(path: Path, said: list[str], expected: Rows) -> Iterator[str]:
    with closing(open_sqlite(path)) as database:
        yield from database.check()
        if rows(path) != expected:
            yield "rows of the first release are missing"
        if "on" in said and len(database.read(lambda tx: sessions.thread(tx, sessions.get(tx, SESSION)))) != 1:
            yield "the new message is lost"
        database.write(sessions.create)
    if list(path.parent.glob("*.part")):
        yield "half a backup was left"


def main(path: Path) -> None:
    """Be the program."""
    if not path.exists():
        make_old(path)
    print("old", flush=True)
    with closing(open_sqlite(path)) as database:
        print("new", flush=True)
        session = database.write(lambda tx: sessions.create(tx, session_id=SESSION))
        database.write(lambda tx: sessions.append(tx, session, user("on")))
        print("on", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
