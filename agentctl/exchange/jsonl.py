"""Exports sessions as JSON Lines, without loss.

The first line tells the format. Each session is a line, with its tags and branches, and a line for each of its messages
follows, parents first. The last line tells how many there were. What calls cost is told, as a sum: a ledger is of the
machine that paid. Drafts and the audit trail of tools stay where they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentctl.economy import ledger
from agentctl.economy.money import to_pico
from agentctl.exchange import flaws, reading
from agentctl.exchange.fields import is_count
from agentctl.exchange.flaws import Tell, unheard
from agentctl.exchange.lines import FORMAT, VERSION, seal
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.messages import read

_SESSION = [
    "id",
    "name",
    "title",
    "created_at",
    "updated_at",
    "forked_from_session",
    "forked_from_message",
    "active_branch_id",
    "messages",
]
_MESSAGE = ["id", "branch_id", "seq", "parent_id", "role", "status", "run_id", "created_at", "body_sha256"]
OURS = "agentctl"
"""The source of what is known of a session beside its messages, where that is this program."""


def export(tx: Transaction, session_ids: Iterable[str], tell: Tell = unheard) -> Iterator[bytes]:
    """Return the lines of an export of these sessions, as they are at the moment that the transaction sees.

    `tell` hears of what is missing or damaged.
    """
    yield seal({"format": FORMAT, "version": VERSION})
    sessions = messages = 0
    for session_id in session_ids:
        row, branches = reading.session_row(tx, session_id), reading.branches(tx, session_id)
        count = reading.count(tx, branches)
        _tell_lost(row, branches, count, tell)
        yield seal(_session(tx, {**row, "messages": count}, branches, tell))
        sessions, messages = sessions + 1, messages + count
        for branch in branches:
            yield from _branch(tx, f"session {session_id}", branch, tell)
    yield seal({"type": "end", "sessions": sessions, "messages": messages})


def cost_of(tx: Transaction, row: Row, tell: Tell = unheard) -> dict[str, int]:
    """What a session has cost here, and before it was imported: known pico-dollars, and calls of an unknown cost."""
    here, before = ledger.session_cost(tx, row["id"]), flaws.record(row, f"session {row['id']}", tell).get("cost")
    if not (isinstance(before, dict) and all(map(is_count, before.values()))):
        before = {}
    return {
        "known_pusd": to_pico(here.known) + before.get("known_pusd", 0),
        "unknown_calls": here.unknown_calls + before.get("unknown_calls", 0),
    }


def _tell_lost(row: Row, branches: list[Row], count: int, tell: Tell) -> None:
    """Tell of what no branch leads to."""
    if row["branches"] > len(branches):
        tell(f"session {row['id']}: {row['branches'] - len(branches)} of its branches hang in the air and are left out")
    if row["messages"] > count:
        tell(f"session {row['id']}: {row['messages'] - count} of its messages are on no branch and are left out")
    if row["active_branch_id"] not in {branch["id"] for branch in branches}:
        tell(f"session {row['id']}: its active branch is missing")


def _branch(tx: Transaction, of: str, branch: Row, tell: Tell) -> Iterator[bytes]:
    end = branch["fork_seq"]
    for row in reading.messages(tx, branch):
        if isinstance(row, range):
            tell(f"{of}: {flaws.places(row)} {'is' if len(row) == 1 else 'are'} missing")
        else:
            end = row["seq"] + 1
            yield seal(_message(row, f"{of}, message {row['id']}", tell))
    if end > branch["next_seq"]:
        tell(f"{of}: a branch has messages behind its end")


def _session(tx: Transaction, row: Row, branches: list[Row], tell: Tell) -> dict[str, Any]:
    return {
        "type": "session",
        **{name: row[name] for name in _SESSION},
        "tags": reading.tags(tx, row["id"]),
        "branches": [dict(branch) for branch in branches],
        "cost": cost_of(tx, row, tell),
        "imported": _imported(row, flaws.record(row, "")),
    }


def _message(row: Row, of: str, tell: Tell) -> dict[str, Any]:
    return {
        "type": "message",
        **{name: row[name] for name in _MESSAGE},
        "imported": _imported(row, flaws.record(row, of, tell)),
        **_body(row, of, tell),
    }


def _imported(row: Row, record: Mapping[str, Any]) -> dict[str, Any] | None:
    kept = {name: value for name, value in record.items() if name != "cost"}
    return {"source": row["source"], "record": kept} if kept else None


def _body(row: Row, of: str, tell: Tell) -> dict[str, Any]:
    """The message as JSON; as text where it is damaged or JSON would not bring the very same text back."""
    body = row["body"]
    if isinstance(why := read(row), str):
        tell(f"{of} is damaged: {why}")
        return {"damaged": True, "text": body}
    fields = json.loads(body)
    return {"body": fields} if json.dumps(fields, separators=(",", ":")) == body else {"text": body}
