"""The backends of the store that must behave alike, each with an empty database of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from agentctl.store.open import connect
from support.postgres import KINDS, Servers

POSTGRES = tuple(f"postgres-{kind}" for kind in KINDS)
BACKENDS = ("file", "memory", *POSTGRES)

_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations'
"""


class Backends:
    """Makes databases of the kinds in `BACKENDS`; one of a server is emptied and used again, which takes 20 ms."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._free: defaultdict[str, list[str]] = defaultdict(list)

    @contextmanager
    def url(self, backend: str, directory: Path) -> Iterator[str]:
        """The URL of an empty database with the schema in it; one in a file is within `directory`."""
        if backend == "memory":
            yield ":memory:"
        elif backend == "file":
            yield f"sqlite:///{directory}/data/agentctl.db"
        else:
            url = self._take(backend)
            yield url
            self._free[backend].append(url)

    def _take(self, backend: str) -> str:
        if self._free[backend]:
            url = self._free[backend].pop()
            _empty(url)
            return url
        url = self._servers.get(backend.removeprefix("postgres-")).create()
        connect(url).close()
        return url


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_OTHERS)
        connection.execute("DROP TABLE IF EXISTS transfer, transfer_probe")  # of a copy that was not finished
        tables = [sql.Identifier(name) for (name,) in connection.execute(_TABLES)]
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(tables)))
