"""What happened to sessions, in the order in which it did, for those who watch.

A watcher keeps a cursor, an opaque text: all events at or before it are known to him, and all others come after it,
also those of transactions that began earlier and are committed later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from agentctl.errors import UsageError
from agentctl.store.base import Row, Transaction

Kind = Literal["created", "message", "renamed", "tagged", "switched", "deleted", "restored", "purged"]

_DIGITS = 20
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at the time `at` (epoch µs); `message_id` is that of a message that was added."""

    cursor: str
    at: int
    session_id: str
    kind: Kind
    message_id: str | None


def add(tx: Transaction, session_id: str, kind: Kind) -> None:
    """Tell of something; a message that is appended tells of itself."""
    tx.execute("outbox.add", session_id=session_id, kind=kind, now=time.time_ns() // 1000)


def end(tx: Transaction) -> str:
    """Return the cursor behind all that is settled; see `unsettled`."""
    row = tx.one("outbox.end")
    return _cursor(row) if row else "0-0"


def unsettled(tx: Transaction) -> list[Event]:
    """Return what can be seen already and comes after the `end` nevertheless: others may yet come before it."""
    return [_event(row) for row in tx.all("outbox.unsettled")]


def since(tx: Transaction, cursor: str, limit: int = _PAGE) -> tuple[list[Event], str]:
    """Return what happened after `cursor`, oldest first, at most `limit` events; and the cursor behind them.

    Raises:
        UsageError: it is no cursor.
    """
    xid, seq = _place(cursor)
    events = [_event(row) for row in tx.all("outbox.since", xid=xid, seq=seq, limit=limit)]
    return events, events[-1].cursor if events else cursor


def latest(tx: Transaction, limit: int, *, session_id: str | None = None, since: int | None = None) -> list[Event]:
    """Return the last `limit` messages that were added, oldest first: of one session or all, from a time on."""
    rows = tx.all("outbox.latest", limit=limit, session_id=session_id, since=since)
    return [_event(row) for row in reversed(rows)]


def _event(row: Row) -> Event:
    return Event(_cursor(row), row["at"], row["session_id"], row["kind"], row["message_id"])


def _cursor(row: Row) -> str:
    return f"{row['xid']}-{row['seq']}"


def _place(cursor: str) -> tuple[str, int]:
    xid, _, seq = cursor.partition("-")
    if not all(part.isascii() and part.isdecimal() and len(part) < _DIGITS for part in (xid, seq)):
        raise UsageError(f"{cursor!r} is no place to watch from", hint="begin anew, without one")
    return xid, int(seq)
