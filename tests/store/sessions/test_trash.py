"""The trash: what is in it comes back as it was, or is gone for good to the last byte."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conversations import say, spoil, texts

from agentctl.economy import ledger
from agentctl.economy.ledger import Call, Cost
from agentctl.errors import UsageError
from agentctl.messages import Message, ToolCall, ToolResult, user
from agentctl.store import search, sessions, tidying, toolcalls
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session, verifying
from agentctl.store.toolcalls import Allowed, Ended, Round
from agentctl.usage import Usage


def everything(tx: Transaction, session: Session) -> list[object]:
    """All that a session is."""
    return [
        sessions.get(tx, session.id),
        sessions.rows(tx, session.id),
        sessions.branches(tx, session.id),
        sessions.tags(tx, session.id),
        sessions.origin(tx, session.id),
        sessions.listing(tx, 10),
    ]


@given(st.lists(st.text(max_size=5), max_size=4), st.booleans())
def test_restoring_undoes_deleting(said: list[str], named: bool) -> None:
    """A session that was deleted and restored is what it was: its words, branches, tags, name and place in lists."""
    with closing(connect(":memory:")) as database:

        def work(tx: Transaction) -> None:
            sessions.create(tx, "before")
            early = session = sessions.create(tx, "name" if named else None)
            for text in said:
                session, _ = sessions.append(tx, session, user(text))
            sessions.append(tx, early, user("aside"))
            sessions.tag(tx, session.id, ["a", "b"])
            sessions.create(tx, "after")
            before = everything(tx, session)
            sessions.delete(tx, session.id)
            assert session.id not in {one.id for one in sessions.listing(tx, 10)}
            sessions.restore(tx, session.id)
            assert everything(tx, session) == before

        database.write(work)


@pytest.mark.parametrize(
    "reference", [lambda one: one.id, lambda one: one.name, lambda one: one.id[:-2]], ids=["id", "name", "prefix"]
)
def test_the_trash_is_told_apart(database: Database, reference: Callable[[Session], str]) -> None:
    """What is deleted is told to be in the trash, what is not there can't be restored, and both have a hint."""
    kept, gone = (database.write(partial(sessions.create, name=name)) for name in ("kept", "gone"))
    database.write(partial(sessions.delete, session_id=gone.id))
    with pytest.raises(UsageError, match="in the trash") as caught:
        database.read(partial(sessions.find, reference=reference(gone)))
    assert f"restore {gone.id}" in str(caught.value.hint)
    with pytest.raises(UsageError, match="in the trash"):
        database.read(partial(sessions.get_kept, session_id=gone.id))
    assert database.read(partial(sessions.find_deleted, reference=reference(gone))).id == gone.id
    with pytest.raises(UsageError, match="not in the trash") as caught:
        database.read(partial(sessions.find_deleted, reference=reference(kept)))
    assert f"delete {kept.id}" in str(caught.value.hint)
    assert database.read(sessions.latest) == kept
    with pytest.raises(UsageError, match="there is no session"):
        database.read(partial(sessions.find_deleted, reference="nobody"))


def test_a_name_is_free_again(database: Database) -> None:
    """A session in the trash does not keep another of its name from being found."""
    gone = database.write(partial(sessions.create, name="plan"))
    database.write(partial(sessions.delete, session_id=gone.id))
    again = database.write(partial(sessions.create, name="plan"))
    assert database.read(partial(sessions.find, reference="plan")) == again


def fill(tx: Transaction, word: str) -> Session:
    """A session that has `word` wherever a word can be."""
    session = sessions.create(tx, f"name{word}")
    session, _ = sessions.append(tx, session, user(f"question{word}"))
    call = Call(f"c-{session.id}", session.id, "openai", "gpt")
    calling = Message("assistant", (ToolCall("t1", "shell", f'{{"command": "echo argument{word}"}}'),), "openai/gpt")
    session, stored = sessions.append(tx, session, calling)
    around = Round(f"r-{session.id}", session)
    toolcalls.ask(tx, around, calling.calls)
    toolcalls.start(tx, around.run_id, 0, Allowed("execute", f"summary{word}", f"subject{word}", "user"))
    toolcalls.end(
        tx, around.run_id, 0, Ended("finished", f"told{word}", f"output{word}", {"url": f"details{word}"}), kept=True
    )
    toolcalls.conclude(tx, around, [ToolResult("t1", f"told{word}")])
    ledger.charge(tx, call, Usage(3, output=4), Decimal("0.25"), "final", None, stored.id)
    session = sessions.get(tx, session.id)
    sessions.tag(tx, session.id, [f"tag{word}"])
    sessions.append(tx, session, user(f"last{word} " * 2000))
    sessions.open_draft(tx, session, f"d-{session.id}")
    sessions.add_draft(tx, f"d-{session.id}", 0, f"draft{word} " * 3000)
    return session


@pytest.mark.parametrize("shrink", [False, True])
@pytest.mark.parametrize("damaged", [False, True])
def test_no_byte_stays(url: str, shrink: bool, damaged: bool) -> None:
    """Nothing that was said stays in the files of the database, whole or in pieces; other sessions keep all theirs."""
    path = Path(url.removeprefix("sqlite:///"))
    with closing(connect(url)) as database:
        kept, gone = (database.write(partial(fill, word=word)) for word in ("kestrel", "gannet"))
        search.catch_up(database)
    if damaged:
        spoil(path, "UPDATE messages SET body_sha256 = 'x' WHERE body LIKE '%questiongannet%'")
    assert sum(one.read_bytes().count(b"gannet") for one in path.parent.glob("*.db*") if one.is_file()) > 1000
    with closing(connect(url)) as database:
        before = database.read(lambda tx: everything(tx, kept)[:-1])
        database.write(partial(sessions.delete, session_id=gone.id))
        if damaged:  # which this test has dropped
            spoil(path)
        database.write(partial(sessions.purge, session_id=gone.id))
        assert (database.read(tidying.strays) > 0) is damaged  # its words are not known any more: all are indexed anew
        tidying.index(database)
        database.tidy(shrink=shrink)
        files = [one for one in path.parent.glob("*.db*") if one.is_file()]
        assert [one.name for one in files if b"gannet" in one.read_bytes()] == []
        assert database.read(lambda tx: everything(tx, kept)[:-1]) == before
        assert database.read(lambda tx: verifying.verify_rest(tx)[1:]) == []
        assert database.check() == []


def test_what_stays(database: Database) -> None:
    """The costs of a purged session stay in the ledger, and that a tool was called, but not what with."""

    def work(tx: Transaction) -> None:
        session = fill(tx, "x")
        sessions.delete(tx, session.id)
        sessions.purge(tx, session.id)
        with pytest.raises(UsageError):
            sessions.get(tx, session.id)
        assert ledger.session_cost(tx, session.id) == Cost(Decimal(0), 0)
        assert ledger.session_cost(tx, "").known == Decimal("0.25")
        (call,) = toolcalls.latest(tx, 10)
        assert (call["tool"], call["state"], call["effect"], call["decided_by"]) == (
            "shell",
            "finished",
            "execute",
            "user",
        )
        assert [call[what] for what in ("session_id", "arguments", "summary", "subject", "result", "details")] == [
            None
        ] * 6
        assert verifying.verify_rest(tx) == []
        assert (sessions.trashed(tx, 10), sessions.drafts(tx)) == ([], [])

    database.write(work)


def test_only_the_trash_is_purged(database: Database) -> None:
    """What was not deleted before can't be purged, and stays as it is."""
    session = database.write(lambda tx: say(tx, sessions.create(tx), "a"))
    for session_id in (session.id, "nobody"):
        with pytest.raises(UsageError, match="not in the trash"):
            database.write(partial(sessions.purge, session_id=session_id))
    assert database.read(lambda tx: texts(tx, session)) == ["a"]


def test_what_was_deleted_before_a_time(database: Database) -> None:
    """The trash tells what has been in it for longer than since a time."""

    def work(tx: Transaction) -> None:
        made = [sessions.create(tx) for _ in range(3)]
        for one in made[:2]:
            sessions.delete(tx, one.id)
        second, first = sessions.trashed(tx, 10)
        assert second.deleted_at
        assert sessions.deleted_before(tx, 2**60) == [first.id, second.id]
        assert second.id not in sessions.deleted_before(tx, second.deleted_at)
        assert sessions.deleted_before(tx, 0) == []

    database.write(work)


def test_what_happens_is_told(url: str) -> None:
    """Who watches sessions is told of each change, in order, and of none that did not happen."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "a", "b")
        for _ in range(2):
            sessions.tag(tx, session.id, ["x"])
        sessions.switch(tx, session, session, "main")
        for change in (sessions.delete, sessions.restore, sessions.delete):
            for _ in range(2):
                change(tx, session.id)
        sessions.purge(tx, session.id)

    with closing(connect(url)) as database:
        database.write(work)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        told = [kind for (kind,) in raw.execute("SELECT kind FROM outbox ORDER BY seq")]
    assert told == ["created", "message", "message", "tagged", "switched", "deleted", "restored", "deleted", "purged"]
