"""Follows the messages that are stored, in this process and in others: each once, and none is missed."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.errors import StorageError
from agentctl.store import outbox, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.outbox import Event
from agentctl.store.sessions import Stored


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that was stored in the session of this id and name; it is None where it is damaged."""

    session_id: str
    name: str | None
    message_id: str
    stored: Stored | None


class Watch:
    """The messages of one session, or of all, from a moment on.

    Args:
        database: where they are stored.
        session_id: the session; None for all.
    """

    def __init__(self, database: Database, session_id: str | None = None) -> None:
        self._database = database
        self._session_id = session_id
        self._cursor = ""
        self._known: set[str] = set()

    def begin(self, last: int, since: int | None = None) -> list[Seen]:
        """Begin now, and return the `last` messages before, or those of them that were stored since a time."""
        return self._database.read(lambda tx: self._begin(tx, last, since))

    def more(self) -> list[Seen]:
        """Return what was stored since this was asked last, or an empty list."""
        return self._database.read(self._more)

    def _begin(self, tx: Transaction, last: int, since: int | None) -> list[Seen]:
        self._cursor = outbox.end(tx)
        self._known = {event.cursor for event in outbox.unsettled(tx)}
        return self._seen(tx, outbox.latest(tx, last, session_id=self._session_id, since=since))

    def _more(self, tx: Transaction) -> list[Seen]:
        events, self._cursor = outbox.since(tx, self._cursor)
        fresh = [event for event in events if event.cursor not in self._known]
        self._known.difference_update(event.cursor for event in events)
        return self._seen(tx, fresh)

    def _seen(self, tx: Transaction, events: list[Event]) -> list[Seen]:
        wanted = [event for event in events if self._session_id in (None, event.session_id)]
        found = [_look(tx, event, event.message_id) for event in wanted if event.message_id is not None]
        return [one for one in found if one]


def _look(tx: Transaction, event: Event, message_id: str) -> Seen | None:
    row = tx.one("outbox.message", id=message_id)
    if row is None:  # it was deleted since
        return None
    try:
        stored = sessions.stored(row)
    except StorageError:
        stored = None
    return Seen(event.session_id, row["name"], message_id, stored)
