"""Clearing away: what is old or stray goes, what waits is indexed, and conversations stay."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from support.conversations import say, spoil, texts

from agentctl.store import search, sessions, tidying
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.store.search.renewing import renew
from agentctl.store.sessions import verifying


def test_there_is_nothing_to_clear_away(database: Database) -> None:
    """A database in order has nothing old, stray or waiting, and stays as it is."""
    session = database.write(lambda tx: say(tx, sessions.create(tx), "a", "b"))
    search.catch_up(database)
    looked = database.read(tidying.look)
    assert (looked["events"], looked["strays"], looked["backlog"]) == (0, 0, 0)
    assert looked["bytes"] > 0
    assert (database.write(tidying.drop_events), tidying.index(database)) == (0, 0)
    database.tidy()
    database.tidy(shrink=True)
    assert database.read(lambda tx: texts(tx, session)) == ["a", "b"]
    assert database.check() == []


def test_what_is_old_stray_or_waiting(url: str) -> None:
    """Events of more than a week ago are dropped, the others kept; strays go, and all messages are indexed again."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "a", "b", "c"))
        search.catch_up(database)
    spoil(
        Path(url.removeprefix("sqlite:///")),
        "UPDATE outbox SET at = 5 WHERE kind = 'created'",
        "DELETE FROM search_documents WHERE message_id = (SELECT max(id) FROM messages)",
        "INSERT INTO search_backlog SELECT max(id) FROM messages",
    )
    with closing(connect(url)) as database:
        looked = database.read(tidying.look)
        assert (looked["events"], looked["strays"], looked["backlog"]) == (1, 1, 1)
        assert (database.write(tidying.drop_events), tidying.index(database)) == (1, 3)
        looked = database.read(tidying.look)
        assert (looked["events"], looked["strays"], looked["backlog"]) == (0, 0, 0)
        assert database.read(verifying.verify_rest) == []
        assert database.read(lambda tx: texts(tx, session)) == ["a", "b", "c"]


def test_a_backlog_is_indexed(url: str) -> None:
    """Messages that wait are indexed, damaged ones without words."""
    with closing(connect(url)) as database:
        database.write(lambda tx: say(tx, sessions.create(tx), *map(str, range(5))))
        database.write(renew)
    spoil(Path(url.removeprefix("sqlite:///")), "UPDATE messages SET body = 'x' WHERE seq = 3")
    with closing(connect(url)) as database:
        assert database.read(tidying.look)["backlog"] == 5
        assert tidying.index(database) == 5
        assert database.read(tidying.look)["backlog"] == 0
