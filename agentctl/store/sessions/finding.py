"""Finds the session that a user means. All functions work inside a transaction."""

from __future__ import annotations

from typing import Literal

from agentctl.errors import UsageError
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.session import ID_LENGTH, Session, get, no_session

_SHORTEST_PREFIX = 4


def find(tx: Transaction, reference: str) -> Session:
    """Return the session that a user means: by id, by name, or by the unique beginning of an id.

    Raises:
        UsageError: there is none, or more than one, or it is in the trash.
    """
    matches = _matches(tx, reference, "sessions")
    if not matches and (deleted := _matches(tx, reference, "trash")):
        raise _in_trash(_only(deleted, reference))
    return get(tx, _only(matches, reference))


def find_deleted(tx: Transaction, reference: str) -> Session:
    """Return the session in the trash that a user means, found like others.

    Raises:
        UsageError: there is none, or more than one, or it is not in the trash.
    """
    matches = _matches(tx, reference, "trash")
    if not matches and (kept := _matches(tx, reference, "sessions")):
        session_id = _only(kept, reference)
        raise UsageError(
            f"session {session_id} is not in the trash", hint=f"`agentctl sessions delete {session_id}` puts it there"
        )
    return get(tx, _only(matches, reference))


def get_kept(tx: Transaction, session_id: str) -> Session:
    """Return the session with this id, which is not in the trash.

    Raises:
        UsageError: there is none, or it is in the trash.
    """
    session = get(tx, session_id)
    if tx.one("trash.has", id=session_id):
        raise _in_trash(session_id)
    return session


def _matches(tx: Transaction, reference: str, where: Literal["sessions", "trash"]) -> list[Row]:
    if not reference.isprintable():
        return []
    named = tx.all(f"{where}.named", name=reference)
    if named or len(reference) < _SHORTEST_PREFIX:
        return named
    return tx.all(f"{where}.between", first=reference, last=reference.ljust(ID_LENGTH, "z"))


def _only(matches: list[Row], reference: str) -> str:
    if not matches:
        raise no_session(reference)
    if len(matches) > 1:
        raise UsageError(
            f"more than one session is called {reference!r}",
            hint="give its id, or more of it: `agentctl sessions list` shows them",
        )
    return str(matches[0]["id"])


def _in_trash(session_id: str) -> UsageError:
    return UsageError(
        f"session {session_id} is in the trash",
        hint=f"`agentctl sessions restore {session_id}` takes it out",
    )
