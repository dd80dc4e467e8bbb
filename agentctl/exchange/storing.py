"""Stores sessions that come from elsewhere: each in one transaction, and what is there already is not stored again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.errors import UsageError
from agentctl.store import outbox, search
from agentctl.store.base import Database, Transaction

Fields = Mapping[str, Any]

_SESSION = [
    "id",
    "name",
    "title",
    "created_at",
    "updated_at",
    "forked_from_session",
    "forked_from_message",
    "active_branch_id",
]
_BRANCH = ["id", "parent_branch_id", "fork_seq", "next_seq", "name", "created_at"]
_MESSAGE = ["id", "branch_id", "seq", "parent_id", "role", "status", "run_id", "created_at", "body_sha256", "body"]
_SAME_MESSAGE = ["branch_id", "seq", "parent_id", "role", "status", "body_sha256", "body"]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored of a session: whether it is `new` here, and so many messages."""

    id: str
    name: str | None
    new: bool
    messages: int


class _NotToBeKeptError(Exception):
    """Undoes what was only tried."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored


def store(database: Database, session: Fields, messages: Iterable[Fields], source: str, *, keep: bool = True) -> Stored:
    """Add a session, or what of it is not there yet; without `keep`, only tell what would be added.

    Raises:
        UsageError: something else is stored under one of its ids. Nothing of the session is added.
    """

    def work(tx: Transaction) -> Stored:
        stored = _store(tx, session, messages, source)
        if not keep:
            raise _NotToBeKeptError(stored)
        return stored

    try:
        return database.write(work)
    except _NotToBeKeptError as tried:
        return tried.stored


def _store(tx: Transaction, session: Fields, messages: Iterable[Fields], source: str) -> Stored:
    new = tx.execute("exchange.add_session", **_only(session, _SESSION)) == 1
    for branch in session["branches"]:
        _add_branch(tx, session["id"], branch)
    added = sum(_add_message(tx, session["id"], message) for message in messages)
    if new:
        for tag in session["tags"]:
            tx.execute("exchange.add_tag", tag=tag, session_id=session["id"])
        outbox.add(tx, session["id"], "created")
    elif added:
        tx.execute("exchange.used", id=session["id"], updated_at=session["updated_at"])
    _add_known(tx, session, source, new=new)
    return Stored(session["id"], session["name"], new, added)


def _add_branch(tx: Transaction, session_id: str, branch: Fields) -> None:
    if tx.execute("exchange.add_branch", session_id=session_id, **_only(branch, _BRANCH)):
        return
    there = tx.one("exchange.branch", id=branch["id"])
    mine = (session_id, branch["parent_branch_id"], branch["fork_seq"])
    if there is None or (there["session_id"], there["parent_branch_id"], there["fork_seq"]) != mine:
        raise _clash(session_id, f"another branch has the id {branch['id']}")


def _add_message(tx: Transaction, session_id: str, message: Fields) -> bool:
    if tx.execute("exchange.add_message", session_id=session_id, **_only(message, _MESSAGE)):
        search.postpone(tx, message["id"])
        if message["imported"]:
            _add_record(tx, session_id, message["id"], message["imported"]["source"], message["imported"]["record"])
        return True
    there = tx.one("exchange.message", id=message["id"])
    if there is None:
        raise _clash(session_id, f"it went on in another way here, from its message {message['seq'] + 1} on")
    if there["session_id"] != session_id or any(there[name] != message[name] for name in _SAME_MESSAGE):
        raise _clash(session_id, f"another message has the id {message['id']}")
    return False


def _add_known(tx: Transaction, session: Fields, source: str, *, new: bool) -> None:
    """Keep what is known of the session beside its messages, unless it is of this machine itself."""
    imported = session["imported"] or {"source": source, "record": {}}
    # `cost` is our own word for what the file tells as a cost, whatever somebody else's record has under that name.
    told = {name: value for name, value in imported["record"].items() if name != "cost"}
    cost = {"cost": session["cost"]} if any(session["cost"].values()) else {}
    if (record := {**told, **cost}) and (new or tx.one("exchange.record", session_id=session["id"], message_id="")):
        _add_record(tx, session["id"], "", imported["source"], record)


def _add_record(tx: Transaction, session_id: str, message_id: str, source: str, record: Fields) -> None:
    text = json.dumps(record, separators=(",", ":"))
    tx.execute("exchange.add_record", session_id=session_id, message_id=message_id, source=source, record=text)


def _only(fields: Fields, names: Iterable[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names}


def _clash(session_id: str, why: str) -> UsageError:
    return UsageError(
        f"session {session_id} can't be imported: {why}",
        hint="import it into another database, or delete and purge what is here",
    )
