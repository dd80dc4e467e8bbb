"""The messages of sessions, and the branches that they stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agentctl.errors import StorageError
from agentctl.ids import new_id
from agentctl.messages import Message, dump, load
from agentctl.store import search
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.branching import fork_branch
from agentctl.store.sessions.damage import set_aside_why, stand_in
from agentctl.store.sessions.session import Session, after, now

MessageStatus = Literal["final", "partial"]

_TITLE = 80  # characters of the first question
_LOOKED_AT = 10 * _TITLE
_TITLED = 3  # before this many messages are there, for the first may be the system's


@dataclass(frozen=True)
class Stored:
    """A message as it is kept; `seq` counts from 0 at the root of the conversation.

    One that was found damaged and set aside has the status `damaged`, and a message that says so stands in for it.
    """

    id: str
    parent_id: str | None
    branch_id: str
    seq: int
    message: Message
    status: MessageStatus | Literal["damaged"]
    created_at: int


def thread(tx: Transaction, session: Session) -> list[Stored]:
    """Return the messages up to where `session` stands, from the root through all parent branches.

    Raises:
        StorageError: a message is damaged or missing, or a branch descends from itself.
    """
    return [of_row(tx, row) for row in thread_rows(tx, session)]


def thread_rows(tx: Transaction, session: Session) -> list[Row]:
    """Return the messages that `thread` does as they are stored, damaged ones too.

    Raises:
        StorageError: one is missing.
    """
    found = _rows_before(tx, session.branch_id, session.next_seq)
    if len(found) != session.next_seq:
        raise StorageError(
            f"session {session.id} lacks messages: {len(found)} of {session.next_seq} are there",
            hint=f"`agentctl sessions verify {session.id}` tells which; backups stand beside the database (*.bak)",
        )
    return found


def before(tx: Transaction, branch_id: str, seq: int) -> list[Stored]:
    """Return the messages before the place `seq` of a branch, from the root through all parent branches.

    Raises:
        StorageError: a message is damaged, or the branch descends from itself.
    """
    return [of_row(tx, row) for row in _rows_before(tx, branch_id, seq)]


def _rows_before(tx: Transaction, branch_id: str, seq: int) -> list[Row]:
    found = tx.all("messages.thread", branch_id=branch_id, end_seq=seq)
    if found and not found[0]["roots"]:
        session_id = found[0]["session_id"]
        raise StorageError(
            f"the branches of session {session_id} descend from themselves",
            hint=f"`agentctl sessions verify {session_id}` tells which; backups stand beside the database (*.bak)",
        )
    return found


def rows(tx: Transaction, session_id: str) -> list[Row]:
    """Return the messages of all branches of a session as they are stored, damaged ones too; by their `seq`."""
    return tx.all("messages.of_session", session_id=session_id)


def every(tx: Transaction, session_id: str) -> list[Stored]:
    """Return the messages of all branches of a session, by their `seq`.

    Raises:
        StorageError: a message is damaged.
    """
    return [of_row(tx, row) for row in rows(tx, session_id)]


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
            return _again(tx, session, new, there)
        session = replace(session, branch_id=fork_branch(tx, session))
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
        touched = tx.one("sessions.touch", id=session.id, title=title, now=new.at)
        used = touched["updated_at"] if touched else new.at
    search.some(tx, new.id)
    return int(used)


def _again(tx: Transaction, session: Session, new: _New, there: Row) -> tuple[Session, Stored]:
    if there["body"] != new.body:
        raise StorageError(f"there is another message with the id {new.id}")
    found = of_row(tx, there)
    return after(session, found.branch_id, found.id, found.seq), found


def _title(session: Session, message: Message) -> str | None:
    return title_of(message) if message.role == "user" and session.next_seq <= _TITLED else None


def title_of(message: Message) -> str | None:
    """Return how a session is called in lists whose first question this is."""
    text = " ".join(message.text[:_LOOKED_AT].split())[:_TITLE]
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text) or None


def of_row(tx: Transaction, row: Row) -> Stored:
    """Return the message that a row of `messages` is.

    Raises:
        StorageError: it is damaged and was not set aside.
    """
    message = read(row)
    if isinstance(message, Message):
        return _stored(row, message, row["status"])
    if set_aside_why(tx, row["id"]) is None:
        raise _damaged(row, message)
    return _stored(row, stand_in(row), "damaged")


def stored(row: Row) -> Stored:
    """Return the message that a row of `messages` is, also where it was set aside.

    Raises:
        StorageError: it is damaged.
    """
    message = read(row)
    if isinstance(message, str):
        raise _damaged(row, message)
    return _stored(row, message, row["status"])


def _stored(row: Row, message: Message, status: MessageStatus | Literal["damaged"]) -> Stored:
    return Stored(row["id"], row["parent_id"], row["branch_id"], row["seq"], message, status, row["created_at"])


def read(row: Row) -> Message | str:
    """Return what a row of `messages` says or, if it is damaged, what is wrong with it."""
    if _sha256(row["body"]) != row["body_sha256"]:
        return "its checksum differs"
    try:
        message = load(row["body"])
    except (ValueError, RecursionError) as error:
        return str(error)
    return message if message.role == row["role"] else f"it is of the role {message.role!r}, not {row['role']!r}"


def _damaged(row: Row, why: str) -> StorageError:
    return StorageError(
        f"message {row['id']} is damaged: {why}",
        hint="`agentctl sessions verify --quarantine` sets it aside, so that the conversation can go on without it; "
        "backups of the database stand beside it (*.bak)",
    )


def add_copy(tx: Transaction, session: Session, original: Row) -> Session:
    """Add a copy of a message, which a row of `messages` is, after where `session` stands: the same body to the byte.

    Returns:
        The session, standing after it.

    Raises:
        StorageError: another writer was there first.
    """
    message = of_row(tx, original).message
    new = _New(new_id(), message, original["body"], original["status"], None, original["created_at"])
    used = _add(tx, session, new)
    if used is None:
        raise StorageError(f"another process adds to {session.id}", hint="run the command again")
    return replace(after(session, session.branch_id, new.id, session.next_seq), updated_at=used)


def _sha256(text: str) -> str:
    import hashlib  # noqa: PLC0415 - a listing needs none, and it loads all of OpenSSL

    return hashlib.sha256(text.encode()).hexdigest()
