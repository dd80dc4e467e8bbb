"""Finds messages by their words: of the newest that match, the best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentctl.errors import StorageError
from agentctl.messages import Role
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.search.dialects import fts5, tsquery
from agentctl.store.search.query import Query
from agentctl.store.search.snippet import Snippet, snippet
from agentctl.store.sessions import Stored
from agentctl.store.words import looked_at

AMONG = 1_000
"""So many of the newest messages that match are compared with each other."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where to look: in sessions with a tag, in one session, in messages of a role and of a time (epoch µs)."""

    tag: str | None = None
    session_id: str | None = None
    role: Role | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, and its session."""

    session_id: str
    name: str | None
    title: str | None
    stored: Stored
    snippet: Snippet


def find(tx: Transaction, query: Query, limit: int, where: Where | None = None) -> list[Hit]:
    """Return the `limit` best of the newest messages that match; none of deleted sessions, and no damaged ones."""
    where = where or Where()
    rows = tx.tuples(
        "search.find",
        fts5=fts5(query),
        tsquery=tsquery(query),
        tag=where.tag,
        session_id=where.session_id,
        role=where.role,
        since=where.since,
        until=where.until,
        among=AMONG,
    )
    return list(_hits(tx, query, [message_id for (message_id,) in rows], limit))


def _hits(tx: Transaction, query: Query, ranked: list[str], limit: int) -> Iterator[Hit]:
    for message_id in ranked:
        if limit and (hit := _hit(tx, query, message_id)):
            limit -= 1
            yield hit


def _hit(tx: Transaction, query: Query, message_id: str) -> Hit | None:
    row = tx.one("search.message", id=message_id)
    if row is None:
        return None
    try:
        stored = sessions.stored(row)
    except StorageError:
        return None
    shown = snippet(looked_at(stored.message), query)
    return Hit(row["session_id"], row["name"], row["title"], stored, shown) if shown else None
