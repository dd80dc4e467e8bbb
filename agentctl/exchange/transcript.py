"""What is read of a session: its active branch, from the first message to the last."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from agentctl.economy.money import format_pico
from agentctl.exchange import flaws, reading
from agentctl.exchange.flaws import Tell, unheard
from agentctl.exchange.jsonl import cost_of
from agentctl.messages import Message
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.messages import read

_SECOND = 1_000_000  # µs
_DAMAGED = "This message is damaged."
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A message, and who said it when. A text stands for one that is damaged, or for some that are missing."""

    heading: str
    role: str
    message: Message | str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session to be read. The `lines` can be gone through once."""

    title: str
    facts: str
    lines: Iterator[Line]


def transcript(tx: Transaction, session_id: str, tell: Tell = unheard) -> Transcript:
    """Return a session as it is read. `tell` hears of what is missing or damaged."""
    row = reading.session_row(tx, session_id)
    cost = cost_of(tx, row, tell)
    price = f"${format_pico(cost['known_pusd'])}" + (" and more" if cost["unknown_calls"] else "")
    tags = ", ".join(reading.tags(tx, session_id))
    facts = " · ".join(filter(None, (session_id, _utc(row["created_at"]), tags, price)))
    return Transcript(row["name"] or row["title"] or session_id, facts, _lines(tx, row, tell))


def harmless(text: str) -> str:
    """The text without what a terminal takes for a command, or what turns the direction of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _lines(tx: Transaction, session: Row, tell: Tell) -> Iterator[Line]:
    lineage = _lineage(tx, session)
    if not lineage:
        yield _missing("The branch that this conversation went on", session, tell)
    elif begin := lineage[0][0]["fork_seq"]:
        yield _missing(flaws.places(range(begin)), session, tell)
    for branch, until in lineage:
        for row in reading.messages(tx, branch, until):
            yield _missing(flaws.places(row), session, tell) if isinstance(row, range) else _line(row, session, tell)


def _lineage(tx: Transaction, session: Row) -> list[tuple[Row, int]]:
    """The branches from the root to the active one, each with the place before which it is left."""
    by_id = {branch["id"]: branch for branch in reading.all_branches(tx, session["id"])}
    lineage, end = list[tuple[Row, int]](), None
    branch = by_id.pop(session["active_branch_id"], None)
    while branch is not None:
        lineage.insert(0, (branch, branch["next_seq"] if end is None else end))
        end, branch = branch["fork_seq"], by_id.pop(branch["parent_branch_id"], None)  # a loop ends where it began
    return lineage


def _missing(what: str, session: Row, tell: Tell) -> Line:
    tell(f"session {session['id']}: missing: {what}")
    return Line(what[0].upper() + what[1:], "missing", "This is missing in the database.")


def _line(row: Row, session: Row, tell: Tell) -> Line:
    found = read(row)
    if isinstance(found, str):
        tell(f"session {session['id']}, message {row['id']} is damaged: {found}")
    said = row["role"] if isinstance(found, str) else found.model or row["role"]
    message = _DAMAGED if isinstance(found, str) else found
    partial = ["partial"] if row["status"] == "partial" else []
    return Line(" · ".join((said, _utc(row["created_at"]), *partial)), row["role"], message)


def _utc(moment: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment // _SECOND))
