"""What other programs do to a database of PostgreSQL, and what the store says is in one."""

from __future__ import annotations

from typing import Any

import psycopg

from agentctl.store import sessions
from agentctl.store.base import Database


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What the last statement of a query returns to another program."""
    with psycopg.connect(url, autocommit=True) as raw:
        cursor = raw.execute(query.encode())
        while cursor.nextset():
            pass
        return cursor.fetchall()


def end_all(url: str) -> None:
    """End every connection to the database, and wait until they are gone."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    rows(url, f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}")


def names(database: Database) -> list[str]:
    """The names of all sessions."""
    return sorted(str(one.name) for one in database.read(lambda tx: sessions.listing(tx, 999)))
