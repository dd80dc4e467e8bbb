"""How good messages are, as graders say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conversations import say
from support.decided import AT, outcome

from agentctl.errors import StorageError, UsageError
from agentctl.store import outcomes, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.outcomes import Outcome
from agentctl.store.sessions import Session
from agentctl.store.statements import statement


@pytest.fixture
def session(database: Database) -> Session:
    """A session with a question and an answer."""
    return database.write(lambda tx: say(tx, sessions.create(tx), "question", "answer"))


def head(session: Session) -> str:
    """The message that a session stands after."""
    assert session.head_id
    return session.head_id


def latest(database: Database, session: Session) -> list[Outcome]:
    return database.read(partial(outcomes.latest, session_id=session.id))


def test_what_is_said_comes_back(database: Database, session: Session) -> None:
    """An outcome is read back as it was: its number to the last bit, and any text of its note."""
    said = outcome(session.id, head(session), value=0.1 + 0.2, note="it's \x00 漢字", version="v")
    assert database.write(partial(outcomes.add, outcome=said))
    assert latest(database, session) == [said]


def test_a_zero_has_no_sign(database: Database, session: Session) -> None:
    """A rating of -0 is one of 0 in each database, so that a copy in another one is the same."""
    database.write(partial(outcomes.add, outcome=outcome(session.id, head(session), value=-0.0)))
    assert str(latest(database, session)[0].value) == "0.0"


def test_the_newest_of_each_grader_counts(database: Database, session: Session) -> None:
    """Of what a grader said of a message the newest counts, in whatever order it came; others say beside it."""
    late = outcome(session.id, head(session), value=0.0, at=AT + 2)
    early = outcome(session.id, head(session), at=AT + 1)
    other = outcome(session.id, head(session), grader="exact", at=AT)
    for one in (late, early, other):
        assert database.write(partial(outcomes.add, outcome=one))
    assert latest(database, session) == [other, late]


def test_of_two_at_once_the_later_id_counts(database: Database, session: Session) -> None:
    """Two of the same moment are told apart by their ids, so that one of them counts."""
    one, two = (outcome(session.id, head(session), id=name, at=AT) for name in "ba")
    for said in (one, two):
        database.write(partial(outcomes.add, outcome=said))
    assert latest(database, session) == [one]


def test_what_is_said_again_is_recorded_once(database: Database, session: Session) -> None:
    """An outcome that is delivered twice is attached once; another one of its id is refused."""
    said = outcome(session.id, head(session))
    assert [database.write(partial(outcomes.add, outcome=said)) for _ in range(2)] == [True, False]
    with pytest.raises(StorageError, match="another outcome"):
        database.write(partial(outcomes.add, outcome=replace(said, value=0.5)))
    assert latest(database, session) == [said]


def test_a_message_of_another_session_is_refused(database: Database, session: Session) -> None:
    """Neither a message that is not there nor one of another session is judged."""
    other = database.write(sessions.create)
    for said in (outcome(session.id, "nothing"), outcome(other.id, head(session))):
        with pytest.raises(UsageError, match="has no message"):
            database.write(partial(outcomes.add, outcome=said))
    assert latest(database, session) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"value": -0.1}, {"value": 1.01}, {"value": float("nan")}, {"grader": ""}, {"grader": "a\nb"},
        {"version": "x" * 101}, {"version": ""},
    ],
)  # fmt: skip
def test_what_is_no_outcome(fields: dict[str, object]) -> None:
    """A value that is not from 0 to 1 and a name that is none are refused before they come to a database."""
    with pytest.raises(ValueError, match=r"outcome|name"):
        outcome("s", "m", **fields)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(0, 1)), max_size=12))
def test_what_counts_is_the_newest_whatever_came_before(said: list[tuple[str, int, float]]) -> None:
    """However many outcomes there are of however many graders, one of each counts: that of the last moment and id."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "question")
        added = [
            outcome(session.id, head(session), id=f"{number:02}", grader=grader, at=AT + at, value=value)
            for number, (grader, at, value) in enumerate(said)
        ]
        for one in added:
            outcomes.add(tx, one)
        wanted = {one.grader: one for one in sorted(added, key=lambda one: (one.at, one.id))}
        assert {one.grader: one for one in outcomes.latest(tx, session.id)} == wanted
        assert len(outcomes.latest(tx, session.id)) == len(wanted)

    with closing(connect(":memory:")) as database:
        database.write(work)


def test_they_follow_their_session(database: Database, session: Session) -> None:
    """The trash keeps them, a copy of the session has none of them, and a purge takes them away."""
    said = outcome(session.id, head(session))
    database.write(partial(outcomes.add, outcome=said))
    copy, _ = database.write(partial(sessions.fork, place=session))
    assert latest(database, copy) == []
    database.write(partial(sessions.delete, session_id=session.id))
    assert latest(database, session) == [said]
    database.write(partial(sessions.purge, session_id=session.id))
    assert latest(database, session) == []
    assert database.check() == []


@pytest.mark.parametrize("change", ["UPDATE outcomes SET value = 0.5", "DELETE FROM outcomes"])
def test_they_never_change(url: str, change: str) -> None:
    """Not even with SQL."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "question"))
        database.write(partial(outcomes.add, outcome=outcome(session.id, head(session))))
        with (
            closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            raw.execute(change)


def test_they_are_found_by_an_index(url: str) -> None:
    """What counts of a session is found without looking at other sessions' outcomes, and needs no sorting."""
    connect(url).close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        sql = f"EXPLAIN QUERY PLAN {statement('outcomes.latest', 'sqlite')}"
        plan = [row[3] for row in raw.execute(sql, {"session_id": ""})]
    assert "outcomes_by_session (session_id=?)" in plan[0]
    assert "outcomes_by_message (message_id=? AND grader=?" in plan[-1]
    assert not [step for step in plan if "TEMP B-TREE" in step or "SCAN" in step]
