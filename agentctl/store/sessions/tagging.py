"""Tags of sessions. All functions work inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.errors import UsageError
from agentctl.store import outbox
from agentctl.store.base import Transaction

_LONGEST = 64  # characters


def tags(tx: Transaction, session_id: str) -> tuple[str, ...]:
    """Return the tags of a session, sorted."""
    return tuple(sorted(row["tag"] for row in tx.all("tags.of_session", session_id=session_id)))


def tag(tx: Transaction, session_id: str, add: Iterable[str], remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Give a session tags and take others away. That is not a use of it: its time stays.

    Returns:
        The tags that it has then, sorted.

    Raises:
        UsageError: one is empty, longer than 64 characters, or has blanks or what can't be printed.
    """
    given, taken, changed = tuple(add), tuple(remove), 0
    for one in (*given, *taken):
        _check(one)
    for one in given:
        changed += tx.execute("tags.add", tag=one, session_id=session_id)
    for one in taken:
        changed += tx.execute("tags.remove", tag=one, session_id=session_id)
    if changed:
        outbox.add(tx, session_id, "tagged")
    return tags(tx, session_id)


def _check(name: str) -> None:
    if not name or len(name) > _LONGEST or not name.isprintable() or " " in name or name[0] in "+-":
        raise UsageError(
            f"{name!r} is no tag", hint=f"use up to {_LONGEST} printable characters without blanks, like `draft`"
        )
