"""Conversations in the database: sessions, their branches and messages, and drafts of answers still arriving.

All functions work inside a transaction. A `Session` is where a conversation stood when it was read. Appending to it
moves on from there: had another writer appended first, a new branch forks off, so neither line is mixed with the other.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Literal

from agentctl.errors import StorageError, UsageError
from agentctl.ids import new_id
from agentctl.messages import Message, dump, load
from agentctl.store.base import Row, Transaction

MessageStatus = Literal["final", "partial"]

_ID_LENGTH = 26
_SHORTEST_PREFIX = 4


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


@dataclass(frozen=True)
class Summary:
    """A session in a list; `messages` is how many its active branch has."""

    id: str
    name: str | None
    created_at: int
    updated_at: int
    messages: int


@dataclass(frozen=True)
class Draft:
    """What arrived of an answer that belongs at `session`, in pieces."""

    run_id: str
    session: Session
    chunks: list[str]

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.session.id

    @property
    def branch_id(self) -> str:
        """The branch the answer belongs on."""
        return self.session.branch_id


def create(tx: Transaction, name: str | None = None, *, session_id: str | None = None) -> Session:
    """Begin a conversation. Names need not be unique; `session_id` is an id made before, to hold its lock.

    Raises:
        UsageError: the name is empty or not printable.
    """
    _check_name(name)
    session_id, branch_id, at = session_id or new_id(), new_id(), now()
    row = tx.one("sessions.create", id=session_id, name=name, branch_id=branch_id, now=at)
    tx.execute("branches.create", id=branch_id, session_id=session_id, parent_id=None, fork_seq=0)
    return Session(session_id, name, branch_id, None, 0, at, row["updated_at"] if row else at)


def after(session: Session, branch_id: str, message_id: str, seq: int) -> Session:
    """Return the place right after a message of the session."""
    return replace(session, branch_id=branch_id, head_id=message_id, next_seq=seq + 1)


def rename(tx: Transaction, session: Session, name: str | None) -> Session:
    """Give a session another name, or none. That is not a use of it: its time stays.

    Raises:
        UsageError: the name is empty or not printable.
    """
    _check_name(name)
    tx.execute("sessions.rename", id=session.id, name=name)
    return replace(session, name=name)


def get(tx: Transaction, session_id: str) -> Session:
    """Return the session with this id, at the head of its active branch.

    Raises:
        UsageError: there is none.
    """
    row = tx.one("sessions.get", id=session_id)
    if row is None:
        raise _no_session(session_id)
    return _session(row)


def latest(tx: Transaction) -> Session | None:
    """Return the session used last, if there is any."""
    row = tx.one("sessions.latest")
    return get(tx, row["id"]) if row else None


def find(tx: Transaction, reference: str) -> Session:
    """Return the session that a user means: by id, by name, or by the unique beginning of an id.

    Raises:
        UsageError: there is none, or more than one.
    """
    if not reference.isprintable():
        raise _no_session(reference)
    matches = tx.all("sessions.named", name=reference) or _beginning(tx, reference)
    if not matches:
        raise _no_session(reference)
    if len(matches) > 1:
        raise UsageError(
            f"more than one session is called {reference!r}",
            hint="give its id, or more of it: `agentctl sessions list` shows them",
        )
    return get(tx, matches[0]["id"])


def listing(tx: Transaction, limit: int) -> list[Summary]:
    """Return the `limit` sessions used last, newest first."""
    return [Summary(**row) for row in tx.all("sessions.listing", limit=limit)]


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
    return [_stored(row) for row in tx.all("messages.thread", branch_id=branch_id, end_seq=seq)]


def append(
    tx: Transaction,
    session: Session,
    message: Message,
    *,
    status: MessageStatus = "final",
    run_id: str | None = None,
) -> tuple[Session, Stored]:
    """Add a message after where `session` stands.

    Returns:
        The session standing after it, on a new branch where another writer was there first; and what was stored.
    """
    at, message_id, body = now(), new_id(), dump(message)
    if not _advance(tx, session):
        session = _fork(tx, session)
        _advance(tx, session)
    tx.execute(
        "messages.add",
        id=message_id,
        session_id=session.id,
        branch_id=session.branch_id,
        seq=session.next_seq,
        parent_id=session.head_id,
        role=message.role,
        status=status,
        body=body,
        body_sha256=_sha256(body),
        run_id=run_id,
        now=at,
    )
    row = tx.one("sessions.touch", id=session.id, now=at)
    stored = Stored(message_id, session.head_id, session.branch_id, session.next_seq, message, status, at)
    return replace(
        session, head_id=message_id, next_seq=session.next_seq + 1, updated_at=row["updated_at"] if row else at
    ), stored


def open_draft(tx: Transaction, session: Session, run_id: str) -> None:
    """Begin to keep an answer that belongs where `session` stands."""
    tx.execute(
        "drafts.open",
        run_id=run_id,
        session_id=session.id,
        branch_id=session.branch_id,
        head_id=session.head_id,
        next_seq=session.next_seq,
        now=now(),
    )


def add_draft(tx: Transaction, run_id: str, seq: int, chunk: str) -> None:
    """Keep one more piece of the answer; pieces are put in the order of `seq`."""
    # As ASCII JSON: a piece may end between the two halves of a surrogate pair.
    tx.execute("drafts.add", run_id=run_id, seq=seq, chunk=json.dumps(chunk))


def drafts(tx: Transaction) -> list[Draft]:
    """Return the answers that are still arriving, or whose process died; oldest first."""
    return [_draft(tx, row) for row in tx.all("drafts.all")]


def find_draft(tx: Transaction, run_id: str) -> Draft | None:
    """Return the draft of a run, if it is open."""
    row = tx.one("drafts.get", run_id=run_id)
    return _draft(tx, row) if row else None


def close_draft(tx: Transaction, run_id: str) -> None:
    """Forget the pieces of an answer."""
    tx.execute("drafts.close", run_id=run_id)


def _check_name(name: str | None) -> None:
    if name is not None and not (name.strip() and name.isprintable()):
        raise UsageError(f"{name!r} is no name for a session", hint="use printable characters in one line")


def _beginning(tx: Transaction, reference: str) -> list[Row]:
    if len(reference) < _SHORTEST_PREFIX:
        return []
    last = reference.ljust(_ID_LENGTH, "z")
    return tx.all("sessions.between", first=reference, last=last)


def _no_session(reference: str) -> UsageError:
    return UsageError(f"there is no session {reference!r}", hint="`agentctl sessions list` shows what there is")


def _advance(tx: Transaction, session: Session) -> bool:
    return tx.execute("branches.advance", id=session.branch_id, expected=session.next_seq) == 1


def _fork(tx: Transaction, session: Session) -> Session:
    branch_id = new_id()
    tx.execute(
        "branches.create", id=branch_id, session_id=session.id, parent_id=session.branch_id, fork_seq=session.next_seq
    )
    return replace(session, branch_id=branch_id)


def _session(row: Row) -> Session:
    return Session(
        row["id"],
        row["name"],
        row["branch_id"],
        row["head_id"],
        row["next_seq"],
        row["created_at"],
        row["updated_at"],
    )


def _stored(row: Row) -> Stored:
    body = row["body"]
    if _sha256(body) != row["body_sha256"]:
        raise _damaged(row, "its checksum differs")
    try:
        message = load(body)
    except ValueError as error:
        raise _damaged(row, str(error)) from error
    return Stored(row["id"], row["parent_id"], row["branch_id"], row["seq"], message, row["status"], row["created_at"])


def _damaged(row: Row, why: str) -> StorageError:
    return StorageError(
        f"message {row['id']} is damaged: {why}",
        hint="`agentctl doctor` checks the database; backups stand beside it (*.bak)",
    )


def _draft(tx: Transaction, row: Row) -> Draft:
    chunks = [json.loads(part["chunk"]) for part in tx.all("drafts.chunks", run_id=row["run_id"])]
    return Draft(row["run_id"], _session(row), chunks)


def _sha256(text: str) -> str:
    import hashlib  # noqa: PLC0415 - a listing needs none, and it loads all of OpenSSL

    return hashlib.sha256(text.encode()).hexdigest()


def now() -> int:
    """The time in µs since the epoch."""
    return time.time_ns() // 1000
