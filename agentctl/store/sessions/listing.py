"""Lists of sessions."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.store.base import Transaction


@dataclass(frozen=True)
class Summary:
    """A session in a list; `title` is how its first question begins, `messages` how many its active branch has."""

    id: str
    name: str | None
    title: str | None
    created_at: int
    updated_at: int
    messages: int


def listing(tx: Transaction, limit: int) -> list[Summary]:
    """Return the `limit` sessions used last, newest first."""
    return [Summary(**row) for row in tx.all("sessions.listing", limit=limit)]
