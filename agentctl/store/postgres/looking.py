"""Looks at a database of a server without making anything in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from agentctl.store.postgres.connection import READ, Connection
from agentctl.store.postgres.target import target


def is_empty(url: str, password: Callable[[], str | None]) -> bool:
    """Whether there is a schema that tables can be made in, and none of this or another program's are there.

    Raises:
        ConfigError: libpq does not understand the URL.
        StorageError: there is no connection.
    """
    with closing(Connection(target(url, password))) as connection, connection.transaction(READ):
        place = connection.one("schema.place") or {}
    return place["schema"] is not None and not (place["ours"] or place["recorded"] or place["foreign_tables"])
