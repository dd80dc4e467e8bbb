"""Exports sessions as JSON Lines, without loss.

The first line tells the format. Each session is a line, with its tags and branches, and a line for each of its messages
follows, parents first. The last line tells how many there were. What calls cost is told, as a sum: a ledger is of the
machine that paid. Drafts and the audit trail of tools stay where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentctl.economy import ledger
from agentctl.economy.money import to_pico
from agentctl.exchange import reading
from agentctl.exchange.lines import FORMAT, VERSION, seal
from agentctl.store.base import Row, Transaction

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


def export(tx: Transaction, session_ids: Iterable[str]) -> Iterator[bytes]:
    """Return the lines of an export of these sessions, as they are at the moment that the transaction sees."""
    yield seal({"format": FORMAT, "version": VERSION})
    sessions = messages = 0
    for session_id in session_ids:
        row, branches = reading.session_row(tx, session_id), reading.branches(tx, session_id)
        yield seal(_session(tx, row, branches))
        sessions, messages = sessions + 1, messages + row["messages"]
        yield from (seal(_message(one)) for one in reading.messages(tx, branches))
    yield seal({"type": "end", "sessions": sessions, "messages": messages})


def cost_of(tx: Transaction, row: Row) -> dict[str, int]:
    """What a session has cost here, and before it was imported: known pico-dollars, and calls of an unknown cost."""
    here, before = ledger.session_cost(tx, row["id"]), _record(row).get("cost", {})
    return {
        "known_pusd": to_pico(here.known) + before.get("known_pusd", 0),
        "unknown_calls": here.unknown_calls + before.get("unknown_calls", 0),
    }


def _session(tx: Transaction, row: Row, branches: list[Row]) -> dict[str, Any]:
    return {
        "type": "session",
        **{name: row[name] for name in _SESSION},
        "tags": reading.tags(tx, row["id"]),
        "branches": [dict(branch) for branch in branches],
        "cost": cost_of(tx, row),
        "imported": _imported(row),
    }


def _message(row: Row) -> dict[str, Any]:
    return {
        "type": "message",
        **{name: row[name] for name in _MESSAGE},
        "imported": _imported(row),
        **_body(row["body"], row["body_sha256"]),
    }


def _imported(row: Row) -> dict[str, Any] | None:
    record = {name: value for name, value in _record(row).items() if name != "cost"}
    return {"source": row["source"], "record": record} if record else None


def _record(row: Row) -> Mapping[str, Any]:
    record: dict[str, Any] = json.loads(row["record"]) if row["record"] else {}
    return record


def _body(body: str, sha256: str) -> dict[str, Any]:
    """The message as JSON; as text where it is damaged or JSON would not bring the very same text back."""
    if hashlib.sha256(body.encode()).hexdigest() != sha256:
        return {"damaged": True, "text": body}
    fields = json.loads(body)
    return {"body": fields} if json.dumps(fields, separators=(",", ":")) == body else {"text": body}
