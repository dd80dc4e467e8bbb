"""Copies of sessions. All functions work inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.store.base import Transaction
from agentctl.store.sessions.messages import add_copy, of_row, thread_rows
from agentctl.store.sessions.session import Session, create
from agentctl.store.sessions.tagging import tag, tags


@dataclass(frozen=True)
class Origin:
    """What is known of a session beside its place.

    `title` is how its first question begins, `deleted_at` when it was put in the trash, in epoch µs, and
    `forked_from_*` what it was copied from, which need not be there any more.
    """

    title: str | None
    deleted_at: int | None
    forked_from_session: str | None
    forked_from_message: str | None


def fork(tx: Transaction, place: Session, name: str | None = None) -> tuple[Session, tuple[str, ...]]:
    """Begin a session with copies of the messages up to a place, and with the tags.

    What becomes of the one does not touch the other.

    Returns:
        The new session, and the ids of the damaged messages that were set aside and so are not in it.

    Raises:
        UsageError: the name is empty or not printable.
        StorageError: a message is missing, or is damaged and was not set aside.
    """
    rows = thread_rows(tx, place)
    damaged = {row["id"] for row in rows if of_row(tx, row).status == "damaged"}
    session = create(tx, name)
    for row in rows:
        if row["id"] not in damaged:
            session = add_copy(tx, session, row)
    tx.execute("sessions.fork", id=session.id, origin=place.id, message_id=place.head_id)
    tag(tx, session.id, tags(tx, place.id))
    return session, tuple(sorted(damaged))


def origin(tx: Transaction, session_id: str) -> Origin:
    """Return what is known of a session beside its place."""
    row = tx.one("sessions.origin", id=session_id)
    return Origin(**row) if row else Origin(None, None, None, None)
