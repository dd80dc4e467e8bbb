"""Copies of sessions: the same words, and a fate of their own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conversations import say, spoil, texts
from support.parts import MESSAGES

from agentctl.errors import StorageError, UsageError
from agentctl.messages import Message
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import verifying


@given(st.lists(MESSAGES, min_size=1, max_size=5), st.integers(0, 4), st.booleans())
def test_a_copy_is_the_same_thread(said: list[Message], last: int, partial: bool) -> None:
    """A copy has the same messages to the byte, from the first to the one that is named, under ids of its own."""
    with closing(connect(":memory:")) as database:

        def work(tx: Transaction) -> None:
            session = sessions.create(tx)
            for message in said:
                status = "partial" if partial else "final"
                session, _ = sessions.append(tx, session, message, status=status)  # type: ignore[arg-type]
            place = sessions.locate(tx, session, sessions.thread(tx, session)[last % len(said)].id)
            copy, left_out = sessions.fork(tx, place)
            kept = ("seq", "role", "status", "body", "body_sha256", "created_at")
            first, second = (
                [[row[name] for name in kept] for row in sessions.rows(tx, one.id)] for one in (session, copy)
            )
            assert (second, left_out) == (first[: last % len(said) + 1], ())
            ids = {row["id"] for one in (session, copy) for row in sessions.rows(tx, one.id)}
            assert len(ids) == len(first) + len(second)
            # Of any messages there are, some have results of tool calls that none made.
            assert {one.kind for one in verifying.verify(tx, copy.id)} <= {"tool_call"}
            assert verifying.verify_rest(tx) == []

        database.write(work)


def test_a_copy_is_on_its_own(database: Database) -> None:
    """It has the tags and knows where it is from; what is said in one is not in the other, also when that is purged."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx, "first"), "a", "b")
        sessions.tag(tx, session.id, ["draft"])
        copy, _ = sessions.fork(tx, session, "second")
        origin = sessions.origin(tx, copy.id)
        assert (origin.title, origin.forked_from_session, origin.forked_from_message) == (
            "a",
            session.id,
            session.head_id,
        )
        assert (copy.name, sessions.tags(tx, copy.id), copy.next_seq) == ("second", ("draft",), 2)
        assert sessions.latest(tx) == copy == sessions.get(tx, copy.id)
        say(tx, session, "c")
        say(tx, copy, "d")
        assert texts(tx, sessions.get(tx, copy.id)) == ["a", "b", "d"]
        assert texts(tx, sessions.get(tx, session.id)) == ["a", "b", "c"]
        sessions.delete(tx, session.id)
        sessions.purge(tx, session.id)
        assert texts(tx, sessions.get(tx, copy.id)) == ["a", "b", "d"]
        assert sessions.origin(tx, copy.id) == origin

    database.write(work)


def test_a_branch_is_copied(database: Database) -> None:
    """A copy at a message of a side branch has what led there, and none of the other branches."""

    def work(tx: Transaction) -> None:
        early = say(tx, sessions.create(tx), "a", "b")
        say(tx, early, "c")
        aside = say(tx, early, "d", "e")
        copy, _ = sessions.fork(tx, sessions.locate(tx, early, aside.branch_id))
        assert texts(tx, copy) == ["a", "b", "d", "e"]
        assert len(sessions.branches(tx, copy.id)) == 1

    database.write(work)


def test_nothing_to_copy(database: Database) -> None:
    """A session without messages has a copy without messages, and a name that is none is refused."""
    empty = database.write(sessions.create)
    copy, left_out = database.write(lambda tx: sessions.fork(tx, empty))
    assert (copy.next_seq, left_out) == (0, ())
    with pytest.raises(UsageError):
        database.write(lambda tx: sessions.fork(tx, empty, " "))


def test_damage_is_not_copied_in_silence(url: str) -> None:
    """A damaged message keeps a session from being copied; once it was set aside the copy lacks it, and says so."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "a", "b", "c"))
        damaged = database.read(lambda tx: sessions.thread(tx, session))[1].id
    spoil(Path(url.removeprefix("sqlite:///")), f"UPDATE messages SET body = 'x' WHERE id = '{damaged}'")
    with closing(connect(url)) as database:
        with pytest.raises(StorageError, match="damaged"):
            database.write(lambda tx: sessions.fork(tx, session))
        database.write(lambda tx: sessions.set_aside(tx, damaged, "x"))
        copy, left_out = database.write(lambda tx: sessions.fork(tx, session))
        assert left_out == (damaged,)
        assert database.read(lambda tx: texts(tx, copy)) == ["a", "c"]
        assert database.read(lambda tx: verifying.verify(tx, copy.id)) == []
