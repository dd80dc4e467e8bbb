"""Sessions: where a conversation stands. All functions work inside a transaction.

A `Session` is where a conversation stood when it was read. Appending to it moves on from there: had another writer
appended first, a new branch forks off, so neither line is mixed with the other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from agentctl.errors import UsageError
from agentctl.ids import new_id
from agentctl.store import outbox
from agentctl.store.base import Row, Transaction

ID_LENGTH = 26
"""Characters of an id."""


@dataclass(frozen=True)
class Session:
    """A place in a conversation: after the message `head_id` of a branch. Times are in µs since the epoch."""

    id: str
    name: str | None
    branch_id: str
    head_id: str | None
    next_seq: int
    created_at: int
    updated_at: int


def create(tx: Transaction, name: str | None = None, *, session_id: str | None = None) -> Session:
    """Begin a conversation. Names need not be unique; `session_id` is an id made before, to hold its lock.

    Raises:
        UsageError: the name is empty or not printable.
    """
    check_name(name)
    session_id, branch_id, at = session_id or new_id(), new_id(), now()
    row = tx.one("sessions.create", id=session_id, name=name, branch_id=branch_id, now=at)
    tx.execute("branches.create", id=branch_id, session_id=session_id, parent_id=None, fork_seq=0, now=at)
    outbox.add(tx, session_id, "created")
    return Session(session_id, name, branch_id, None, 0, at, row["updated_at"] if row else at)


def after(session: Session, branch_id: str, message_id: str, seq: int) -> Session:
    """Return the place right after a message of the session."""
    return replace(session, branch_id=branch_id, head_id=message_id, next_seq=seq + 1)


def rename(tx: Transaction, session: Session, name: str | None) -> Session:
    """Give a session another name, or none. That is not a use of it: its time stays.

    Raises:
        UsageError: the name is empty or not printable.
    """
    check_name(name)
    tx.execute("sessions.rename", id=session.id, name=name)
    outbox.add(tx, session.id, "renamed")
    return replace(session, name=name)


def get(tx: Transaction, session_id: str) -> Session:
    """Return the session with this id, at the head of its active branch.

    Raises:
        UsageError: there is none.
    """
    row = tx.one("sessions.get", id=session_id)
    if row is None:
        raise no_session(session_id)
    return from_row(row)


def latest(tx: Transaction) -> Session | None:
    """Return the session used last, if there is any."""
    row = tx.one("sessions.latest")
    return get(tx, row["id"]) if row else None


def from_row(row: Row) -> Session:
    """Make a session of the row that a query of sessions returns."""
    return Session(
        row["id"],
        row["name"],
        row["branch_id"],
        row["head_id"],
        row["next_seq"],
        row["created_at"],
        row["updated_at"],
    )


def now() -> int:
    """The time in µs since the epoch."""
    return time.time_ns() // 1000


def check_name(name: str | None) -> None:
    """Refuse a name that could not be shown or typed.

    Raises:
        UsageError: it is empty or not printable.
    """
    if name is not None and not (name.strip() and name.isprintable()):
        raise UsageError(f"{name!r} is no name for a session", hint="use printable characters in one line")


def no_session(reference: str) -> UsageError:
    """The error that there is no session which a user could mean."""
    return UsageError(f"there is no session {reference!r}", hint="`agentctl sessions list` shows what there is")
