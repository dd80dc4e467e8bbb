"""Empty stores of each backend, for the checks of what every store must do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from agentctl.store.open import connect
from agentctl.testing.conformance import Store
from support.broken.opening import OPENER, open_broken


def in_memory() -> Store:
    """One in memory."""
    return Store(partial(connect, ":memory:"))


def in_file(directory: Path) -> Store:
    """One in a file."""
    path = directory / "store.db"
    url = f"sqlite:///{path}"
    return Store(partial(connect, url), url, sql=partial(_run, path))


def in_postgres(url: str) -> Store:
    """One in a PostgreSQL database."""
    return Store(partial(connect, url), url, sql=partial(_run_there, url))


def broken(name: str, directory: Path) -> Store:
    """One in a file that breaks a law."""
    path = directory / "store.db"
    url = f"{name}+sqlite:///{path}"
    return Store(partial(open_broken, url), url, OPENER, partial(_run, path))


def _run(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def _run_there(url: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
