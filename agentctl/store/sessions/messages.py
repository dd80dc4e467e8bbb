"""The messages of sessions, and the branches that they stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agentctl.errors import StorageError
from agentctl.ids import new_id
from agentctl.messages import Message, dump, load
from agentctl.store import search
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.session import Session, after, now

MessageStatus = Literal["final", "partial"]

_TITLE = 80  # characters of the first question
_LOOKED_AT = 10 * _TITLE
_TITLED = 3  # before this many messages are there, for the first may be the system's


@dataclass(frozen=True)
class Stored:
    """A message as it is kept; `seq` counts from 0 at the root of the conversation."""

    id: str
    parent_id: str | None
    branch_id: str
    seq: int
    message: Message
    status: MessageStatus
    created_at: int


def thread(tx: Transaction, session: Session) -> list[Stored]:
    """Return the messages up to where `session` stands, from the root through all parent branches.

    Raises:
        StorageError: a message is damaged.
    """
    found = before(tx, session.branch_id, session.next_seq)
    if len(found) != session.next_seq:
        raise StorageError(f"session {session.id} lacks messages: {len(found)} of {session.next_seq} are there")
    return found


def before(tx: Transaction, branch_id: str, seq: int) -> list[Stored]:
    """Return the messages before the place `seq` of a branch, from the root through all parent branches.

    Raises:
        StorageError: a message is damaged.
    """
    return [stored(row) for row in tx.all("messages.thread", branch_id=branch_id, end_seq=seq)]


def stored(row: Row) -> Stored:
    """Return the message in a row with all its columns.

    Raises:
        StorageError: it is damaged.
    """
    body = row["body"]
    if _sha256(body) != row["body_sha256"]:
        raise _damaged(row, "its checksum differs")
    try:
        message = load(body)
    except ValueError as error:
        raise _damaged(row, str(error)) from error
    return Stored(row["id"], row["parent_id"], row["branch_id"], row["seq"], message, row["status"], row["created_at"])


def append(
    tx: Transaction,
    session: Session,
    message: Message,
    *,
    status: MessageStatus = "final",
    run_id: str | None = None,
    message_id: str | None = None,
) -> tuple[Session, Stored]:
    """Add a message after where `session` stands.

    One with a `message_id` that was made before is added once, however often this is tried.

    Returns:
        The session standing after it, on a new branch where another writer was there first; and what was stored.

    Raises:
        StorageError: another message has this id.
    """
    new = _New(message_id or new_id(), message, dump(message), status, run_id, now())
    if (used := _add(tx, session, new)) is None:
        if message_id and (there := tx.one("messages.get", id=message_id)):
            return _again(session, new, there)
        session = _fork(tx, session)
        used = _add(tx, session, new) or new.at
    stored = Stored(new.id, session.head_id, session.branch_id, session.next_seq, message, status, new.at)
    return replace(after(session, session.branch_id, new.id, session.next_seq), updated_at=used), stored


@dataclass(frozen=True, slots=True)
class _New:
    """A message that is about to be added."""

    id: str
    message: Message
    body: str
    status: MessageStatus
    run_id: str | None
    at: int


def _add(tx: Transaction, session: Session, new: _New) -> int | None:
    """Add it where `session` stands, and return when that was used last; None if it is not added."""
    title = _title(session, new.message)
    row = tx.one(
        "messages.append",
        id=new.id,
        session_id=session.id,
        branch_id=session.branch_id,
        seq=session.next_seq,
        parent_id=session.head_id,
        role=new.message.role,
        status=new.status,
        body=new.body,
        body_sha256=_sha256(new.body),
        run_id=new.run_id,
        title=title,
        now=new.at,
    )
    if row is None:
        return None
    if (used := row["updated_at"]) is None:
        search.postpone(tx, new.id)
        touched = tx.one("sessions.touch", id=session.id, title=title, now=new.at)
        used = touched["updated_at"] if touched else new.at
    search.some(tx, new.id)
    return int(used)


def _again(session: Session, new: _New, there: Row) -> tuple[Session, Stored]:
    if there["body"] != new.body:
        raise StorageError(f"there is another message with the id {new.id}")
    found = stored(there)
    return after(session, found.branch_id, found.id, found.seq), found


def _title(session: Session, message: Message) -> str | None:
    return title_of(message) if message.role == "user" and session.next_seq <= _TITLED else None


def title_of(message: Message) -> str | None:
    """Return how a session is called in lists whose first question this is."""
    text = " ".join(message.text[:_LOOKED_AT].split())[:_TITLE]
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text) or None


def _fork(tx: Transaction, session: Session) -> Session:
    branch_id = new_id()
    tx.execute(
        "branches.create",
        id=branch_id,
        session_id=session.id,
        parent_id=session.branch_id,
        fork_seq=session.next_seq,
        now=now(),
    )
    return replace(session, branch_id=branch_id)


def _damaged(row: Row, why: str) -> StorageError:
    return StorageError(
        f"message {row['id']} is damaged: {why}",
        hint="`agentctl doctor` checks the database; backups stand beside it (*.bak)",
    )


def _sha256(text: str) -> str:
    import hashlib  # noqa: PLC0415 - a listing needs none, and it loads all of OpenSSL

    return hashlib.sha256(text.encode()).hexdigest()
