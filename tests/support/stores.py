"""Empty stores of each backend, for the checks of what every store must do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

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


def broken(name: str, directory: Path) -> Store:
    """One in a file that breaks a law."""
    path = directory / "store.db"
    url = f"{name}+sqlite:///{path}"
    return Store(partial(open_broken, url), url, OPENER, partial(_run, path))


def _run(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()
