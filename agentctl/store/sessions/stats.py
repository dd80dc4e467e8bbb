"""Counts of what is kept. A function of a transaction, which reads all messages but their texts."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.store.base import Row, Transaction

_LONGEST = 10  # sessions that are told


@dataclass(frozen=True)
class Stats:
    """What is kept.

    `counts` are those of sessions (`deleted` are in the trash), branches, messages, open drafts, messages set `damaged`
    aside, messages in the `backlog` of the search, decisions, and outcomes. `models` are those that were charged for in
    sessions. `days` are counted since 1970, in UTC.
    """

    counts: dict[str, int]
    bytes: int
    roles: dict[str, int]
    tags: dict[str, int]
    models: list[Row]
    days: dict[int, int]
    longest: list[Row]


def stats(tx: Transaction) -> Stats:
    """Count what is kept."""
    counts, size = tx.one("stats.counts"), tx.one("stats.size")
    return Stats(
        counts={name: int(count) for name, count in (counts or {}).items()},
        bytes=int(size["bytes"]) if size else 0,
        roles={row["role"]: int(row["messages"]) for row in tx.all("stats.roles")},
        tags={row["tag"]: int(row["sessions"]) for row in tx.all("stats.tags")},
        models=tx.all("stats.models"),
        days={int(row["day"]): int(row["messages"]) for row in tx.all("stats.days")},
        longest=tx.all("stats.longest", limit=_LONGEST),
    )
