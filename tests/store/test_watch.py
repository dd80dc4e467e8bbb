"""The outbox: what happened, each event once, from any place in it on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import UsageError
from agentctl.messages import user
from agentctl.store import outbox, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.watch import Watch


def said(tx: Transaction, *texts: str, name: str | None = None) -> str:
    session = sessions.create(tx, name)
    for text in texts:
        session, _ = sessions.append(tx, session, user(text))
    return session.id


@given(st.lists(st.integers(0, 3), max_size=8), st.integers(1, 4))
def test_a_cursor_goes_on_where_it_was(counts: list[int], page: int) -> None:
    """Followed in pages of any size, from any event on, the events are the same, each once and in order."""
    with closing(connect(":memory:")) as database:
        cursor = start = database.read(outbox.end)
        seen: list[outbox.Event] = []
        for count in counts:
            database.write(lambda tx, count=count: said(tx, *"abc"[:count]))  # type: ignore[misc]
            events, cursor = database.read(lambda tx, at=cursor: outbox.since(tx, at, page))  # type: ignore[misc]
            seen += events
        while events := database.read(lambda tx, at=cursor: outbox.since(tx, at, page))[0]:  # type: ignore[misc]
            seen, cursor = seen + events, events[-1].cursor
        everything, last = database.read(lambda tx: outbox.since(tx, start, 1000))
        assert seen == everything
        assert [event.kind for event in seen] == [
            kind for count in counts for kind in ["created", *["message"] * count]
        ]
        assert last == cursor == database.read(outbox.end)
        for number, event in enumerate(seen):
            assert database.read(lambda tx, at=event.cursor: outbox.since(tx, at, 1000))[0] == seen[number + 1 :]  # type: ignore[misc]


@pytest.mark.parametrize("cursor", ["", "1", "a-b", "-1-1", "0-²", "0-" + "9" * 20, "0-1;"])
def test_what_is_no_cursor(database: Database, cursor: str) -> None:
    """A text that is no cursor is refused."""
    with pytest.raises(UsageError):
        database.read(lambda tx: outbox.since(tx, cursor))


def test_a_watch_begins_with_the_last(database: Database) -> None:
    """The last messages come first, then what is stored, in one session or in all."""
    one = database.write(lambda tx: said(tx, "a", "b", name="one"))
    all_of_them, only = Watch(database), Watch(database, one)
    assert [(seen.name, seen.stored and seen.stored.message.text) for seen in all_of_them.begin(1)] == [("one", "b")]
    assert [seen.stored and seen.stored.message.text for seen in only.begin(5)] == ["a", "b"]
    assert Watch(database).begin(5, since=2**60) == []
    database.write(lambda tx: said(tx, "c"))
    assert [seen.stored and seen.stored.message.text for seen in all_of_them.more()] == ["c"]
    assert only.more() == all_of_them.more() == []


def test_deleted_and_damaged_messages(url: str) -> None:
    """What is in the trash is not shown, and what is damaged is told without its text."""
    with closing(connect(url)) as database:
        gone, _ = database.write(lambda tx: (said(tx, "a"), said(tx, "b", "c")))
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw, raw:
            raw.execute("UPDATE sessions SET deleted_at = 1 WHERE id = ?", [gone])
            raw.execute("DROP TRIGGER messages_are_not_updated")
            raw.execute("UPDATE messages SET body = '{' WHERE seq = 1")
        assert [seen.stored and seen.stored.message.text for seen in Watch(database).begin(5)] == ["b", None]


def test_the_end_stays_when_old_events_are_dropped(url: str) -> None:
    """A watch that begins after all events were dropped sees what comes next."""
    with closing(connect(url)) as database:
        database.write(lambda tx: said(tx, "a"))
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw, raw:
            raw.execute("DELETE FROM outbox")
        watch = Watch(database)
        assert watch.begin(5) == []
        database.write(lambda tx: said(tx, "b"))
        assert [seen.stored and seen.stored.message.text for seen in watch.more()] == ["b"]
