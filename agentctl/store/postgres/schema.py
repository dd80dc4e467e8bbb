"""Brings a database to this program's schema."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from agentctl.errors import StorageError
from agentctl.store.migrate import Migration, pending
from agentctl.store.postgres.connection import CHANGE, READ, Connection


def prepare(connection: Connection, known: Sequence[Migration], where: str) -> None:
    """Make what is missing, one change and one process at a time.

    Raises:
        StorageError: the database is another program's, was written by a newer one, or may not be changed.
    """
    with connection.transaction(READ):
        lacking = _lacking(connection, known, where)
    while lacking:
        with connection.transaction(CHANGE):
            connection.one("schema.lock")
            lacking = _lacking(connection, known, where)  # another process may have been faster
            if lacking:
                _apply(connection, lacking[0])


def problems(connection: Connection, known: Sequence[Migration], where: str) -> Iterator[str]:
    """Yield what is wrong, a line each."""
    with connection.transaction(READ):
        for migration in _lacking(connection, known, where):
            yield f"the schema change {migration.version} is missing"
        for row in connection.all("schema.invalid_indexes"):
            yield f"the index {row['name']} is invalid: REINDEX INDEX {row['name']}"
        for row in connection.all("schema.unproven_constraints"):
            yield f"the constraint {row['name']} of {row['table']} was never validated"
        for row in connection.all("schema.disabled_triggers"):
            yield f"the trigger {row['name']} of {row['table']} is disabled"
        for row in connection.all("schema.references"):
            if connection.finds(row["stray"]):
                yield f"a row of {row['table']} belongs to nothing"
        for row in connection.all("totals.differing"):
            yield f"the sums of the ledger by {row['scope']} are not those of its charges"


def _apply(connection: Connection, migration: Migration) -> None:
    connection.script(migration.sql)
    connection.execute(
        "schema.record",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        applied_at=time.time_ns() // 1000,
    )


def _lacking(connection: Connection, known: Sequence[Migration], where: str) -> Sequence[Migration]:
    place = connection.one("schema.place") or {}
    if place["ours"]:
        applied = [(row["version"], row["checksum"]) for row in connection.all("schema.applied")]
        return pending(applied, known, where=where)
    if place["schema"] is None:
        raise StorageError(
            f"the search_path of {where} names no schema that is there",
            hint="CREATE SCHEMA it, or choose another with options=-csearch_path%3DNAME in the URL",
        )
    if place["recorded"] or place["foreign_tables"]:
        raise StorageError(
            f"the schema {place['schema']} of {where} is that of another program",
            hint="make a database of its own, createdb NAME, or a schema: options=-csearch_path%3DNAME in the URL",
        )
    return known
