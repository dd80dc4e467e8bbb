"""Clears away what nobody needs any more."""

from __future__ import annotations

import time

from agentctl.store import search
from agentctl.store.base import Database, Row, Transaction
from agentctl.store.search.renewing import broken, renew

EVENTS_KEPT = 7 * 86_400_000_000
"""How long it is told what happened to sessions, in µs."""


def look(tx: Transaction) -> dict[str, int]:
    """Return what there is to clear away.

    That is old `events`, `strays` (entries of the search index that belong to no message) and the `backlog` of messages
    to index; and how many `bytes` the database takes.
    """
    return {
        "events": _number(tx.one("tidying.old_events", moment=_oldest())),
        "strays": strays(tx),
        "backlog": _number(tx.one("tidying.waiting")),
        "bytes": _number(tx.one("stats.size")),
    }


def drop_events(tx: Transaction) -> int:
    """Forget old events, and return how many that were."""
    return tx.execute("tidying.drop_events", moment=_oldest())


def strays(tx: Transaction) -> int:
    """Return how many entries of the search index belong to no message; of a broken one it is not known."""
    return 0 if broken(tx) else _number(tx.one("tidying.strays"))


def index(db: Database) -> int:
    """Index all messages that are not, all anew if the index has strays or is broken; return how many that were."""
    if db.read(strays):
        db.write(renew)
    else:
        db.write(lambda tx: tx.execute("tidying.postpone_lost"))
    return search.catch_up(db)


def _oldest() -> int:
    return time.time_ns() // 1000 - EVENTS_KEPT


def _number(row: Row | None) -> int:
    return int(next(iter(row.values()))) if row else 0
