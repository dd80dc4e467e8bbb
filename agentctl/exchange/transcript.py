"""What is read of a session: its active branch, from the first message to the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from agentctl.economy.money import format_pico
from agentctl.errors import StorageError
from agentctl.exchange import reading
from agentctl.exchange.jsonl import cost_of
from agentctl.messages import Message
from agentctl.store import sessions
from agentctl.store.base import Row, Transaction

_SECOND = 1_000_000  # µs


@dataclass(frozen=True, slots=True)
class Line:
    """A message, and who said it when; it is None where it is damaged."""

    heading: str
    role: str
    message: Message | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session to be read. The `lines` can be gone through once."""

    title: str
    facts: str
    lines: Iterator[Line]


def transcript(tx: Transaction, session_id: str) -> Transcript:
    """Return a session as it is read."""
    row = reading.session_row(tx, session_id)
    cost = cost_of(tx, row)
    price = f"${format_pico(cost['known_pusd'])}" + (" and more" if cost["unknown_calls"] else "")
    tags = ", ".join(reading.tags(tx, session_id))
    facts = " · ".join(filter(None, (session_id, _utc(row["created_at"]), tags, price)))
    return Transcript(row["name"] or row["title"] or session_id, facts, _lines(tx, row))


def _lines(tx: Transaction, session: Row) -> Iterator[Line]:
    by_id = {branch["id"]: branch for branch in reading.branches(tx, session["id"])}
    lineage, end = list[tuple[Row, int]](), None
    branch = by_id.get(session["active_branch_id"])
    while branch is not None:
        lineage.insert(0, (branch, branch["next_seq"] if end is None else end))
        end, branch = branch["fork_seq"], by_id.get(branch["parent_branch_id"])
    for part, until in lineage:
        for row in reading.messages(tx, [part]):
            if row["seq"] >= until:
                break
            yield _line(row)


def _line(row: Row) -> Line:
    try:
        message = sessions.stored(row).message
    except StorageError:
        message = None
    said = message.model if message and message.model else row["role"]
    partial = ["partial"] if row["status"] == "partial" else []
    return Line(" · ".join((said, _utc(row["created_at"]), *partial)), row["role"], message)


def _utc(moment: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment // _SECOND))
