"""Conversations: what is appended comes back, in its place, whoever else appends."""

from __future__ import annotations

import sqlite3
import string
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES, TEXTS

from agentctl.errors import StorageError, UsageError
from agentctl.messages import Message, dump, load, user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session
from agentctl.store.statements import statement


def joined(text: str) -> str:
    """The text with each pair of surrogates made the character that it stands for, as JSON reads it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def thread(tx: Transaction, session: Session) -> list[Message]:
    return [stored.message for stored in sessions.thread(tx, session)]


def extend(tx: Transaction, session: Session, *texts: str) -> Session:
    for text in texts:
        session, _ = sessions.append(tx, session, user(text))
    return session


@given(st.lists(MESSAGES, max_size=5))
def test_messages_come_back(said: list[Message]) -> None:
    """A thread is what was appended, part by part, for any text there is."""
    with closing(connect(":memory:")) as database:
        session = database.write(sessions.create)
        for message in said:
            session, stored = database.write(partial(sessions.append, session=session, message=message))
            assert stored.message == message
        assert database.read(partial(thread, session=session)) == [load(dump(message)) for message in said]
        assert database.read(partial(sessions.get, session_id=session.id)) == session


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=20))
def test_writers_never_mix(steps: list[tuple[int, bool]]) -> None:
    """Whoever appends to a session sees exactly what it saw before and what it appended; nothing is ever lost.

    Three writers each read the session anew now and then. The active branch grows only by those who knew all of it.
    """
    with closing(connect(":memory:")) as database:
        start = database.write(sessions.create)
        writers: list[tuple[Session, list[str]]] = [(start, [])] * 3
        active: list[str] = []
        for number, (writer, reads_first) in enumerate(steps):
            session, seen = writers[writer]
            if reads_first:
                session, seen = database.read(partial(sessions.get, session_id=start.id)), active
            if session.branch_id == start.branch_id and seen == active:
                active = [*active, str(number)]
            session = database.write(lambda tx, at=session, text=str(number): extend(tx, at, text))  # type: ignore[misc]
            writers[writer] = session, [*seen, str(number)]
        for session, seen in writers:
            assert [message.text for message in database.read(partial(thread, session=session))] == seen
        session = database.read(partial(sessions.get, session_id=start.id))
        assert [message.text for message in database.read(partial(thread, session=session))] == active


@given(st.lists(TEXTS, max_size=5), st.randoms())
def test_drafts_come_back(chunks: list[str], chance: Random) -> None:
    """A draft has its pieces in their order, whatever they hold and however they came."""
    numbered = list(enumerate(map(joined, chunks)))
    shuffled = chance.sample(numbered, len(numbered))

    def work(tx: Transaction) -> Session:
        session = extend(tx, sessions.create(tx), "question")
        sessions.open_draft(tx, session, "run")
        for seq, chunk in shuffled:
            sessions.add_draft(tx, "run", seq, chunk)
        return session

    with closing(connect(":memory:")) as database:
        session = database.write(work)
        (draft,) = database.read(sessions.drafts)
        assert draft == database.read(partial(sessions.find_draft, run_id="run"))
        assert (draft.run_id, draft.session) == ("run", session)
        assert draft.chunks == [chunk for _, chunk in numbered]
        database.write(partial(sessions.close_draft, run_id="run"))
        assert database.read(sessions.drafts) == []
        assert database.read(partial(sessions.find_draft, run_id="run")) is None


def test_a_draft_keeps_its_place(database: Database) -> None:
    """What is made of a draft follows the message it answers, also when others appended since."""

    def work(tx: Transaction) -> tuple[list[Message], list[Message]]:
        session = extend(tx, sessions.create(tx), "question")
        sessions.open_draft(tx, session, "run")
        other = extend(tx, session, "another")
        (draft,) = sessions.drafts(tx)
        folded, _ = sessions.append(tx, draft.session, user("answer"), status="partial", run_id=draft.run_id)
        return thread(tx, folded), thread(tx, other)

    folded, other = database.write(work)
    assert [message.text for message in folded] == ["question", "answer"]
    assert [message.text for message in other] == ["question", "another"]


def test_a_message_in_its_place(database: Database) -> None:
    """A stored message knows its parent, its number from the root and how it ended."""

    def work(tx: Transaction) -> list[sessions.Stored]:
        session, _ = sessions.append(tx, sessions.create(tx), user("a"))
        session, _ = sessions.append(tx, session, user("b"), status="partial", run_id="run")
        return sessions.thread(tx, session)

    first, second = database.write(work)
    assert (first.parent_id, first.seq, first.status) == (None, 0, "final")
    assert (second.parent_id, second.seq, second.status) == (first.id, 1, "partial")
    assert second.created_at >= first.created_at > 1_700_000_000_000_000


def test_a_place_that_does_not_exist(database: Database) -> None:
    """Appending to a session that was never stored is refused and stores nothing."""
    nowhere = Session("s", None, "b", "m", 3, 0, 0)
    with pytest.raises(StorageError):
        database.write(partial(sessions.append, session=nowhere, message=user("lost")))
    with pytest.raises(UsageError):
        database.read(partial(sessions.get, session_id="s"))


def test_stale_sessions_read_what_they_knew(database: Database) -> None:
    """A session read earlier shows the thread as it was then."""

    def work(tx: Transaction) -> list[Message]:
        early = extend(tx, sessions.create(tx), "a", "b")
        extend(tx, early, "c")
        return thread(tx, early)

    assert [message.text for message in database.write(work)] == ["a", "b"]


@pytest.mark.parametrize("change", ["UPDATE messages SET status = 'partial'", "DELETE FROM messages"])
def test_messages_are_immutable(url: str, change: str) -> None:
    """No one can change or delete a stored message, not even with SQL."""
    with closing(connect(url)) as database:
        database.write(lambda tx: extend(tx, sessions.create(tx), "a"))
        path = Path(database.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError, match="immutable"):
        raw.execute(change)


def test_newest_first(database: Database) -> None:
    """A listing has the sessions used last, newest first, with the messages of their active branch counted."""

    def work(tx: Transaction) -> None:
        one, two, _three = (sessions.create(tx, name) for name in ("one", "two", None))
        extend(tx, two, "a")
        head = extend(tx, one, "a", "b")
        extend(tx, one, "other branch")
        extend(tx, head, "c")

    database.write(work)
    found = database.read(partial(sessions.listing, limit=10))
    assert [(summary.name, summary.messages) for summary in found] == [("one", 3), ("two", 1), (None, 0)]
    assert database.read(partial(sessions.listing, limit=1)) == found[:1]
    latest = database.read(sessions.latest)
    assert latest
    assert (latest.id, latest.updated_at) == (found[0].id, found[0].updated_at)


def test_the_latest_is_the_one_used_last_though_the_clock_went_back(database: Database) -> None:
    """A session used or begun after one of a later time is the latest, and no session's time goes back."""

    def work(tx: Transaction) -> None:
        one, two = sessions.create(tx, "one"), sessions.create(tx, "two")
        ahead = sessions.now() + HOUR
        tx.one("sessions.touch", id=one.id, title=None, now=ahead)
        two = extend(tx, two, "a")
        assert sessions.latest(tx) == two
        one = extend(tx, sessions.get(tx, one.id), "b")
        assert sessions.latest(tx) == one
        three = sessions.create(tx, "three")
        assert sessions.latest(tx) == three
        assert ahead < two.updated_at < one.updated_at < three.updated_at
        assert three.created_at < ahead

    database.write(work)


def test_nothing_is_latest(database: Database) -> None:
    """An empty database has no latest session and an empty listing."""
    assert database.read(sessions.latest) is None
    assert database.read(partial(sessions.listing, limit=10)) == []


FINDING: dict[str, Callable[[Session], str]] = {
    "its id": lambda session: session.id,
    "its name": lambda session: str(session.name),
    "a prefix": lambda session: session.id[:-2],
}


@pytest.mark.parametrize("reference", FINDING.values(), ids=FINDING)
def test_finding_a_session(database: Database, reference: Callable[[Session], str]) -> None:
    """A session is found by its id, its name, and the beginning of its id."""
    session = database.write(partial(sessions.create, name="my project"))
    for name in ("my", "my project 2"):
        database.write(partial(sessions.create, name=name))
    assert database.read(partial(sessions.find, reference=reference(session))) == session


@pytest.mark.parametrize("reference", ["", "zzzz", "01", "My Project", "\ud800", "a\0b", "%", "x" * 1000])
def test_finding_nothing(database: Database, reference: str) -> None:
    """A reference to no session is an error that shows it and says how to list them."""
    database.write(partial(sessions.create, name="my project"))
    with pytest.raises(UsageError, match="there is no session") as caught:
        database.read(partial(sessions.find, reference=reference))
    assert repr(reference) in caught.value.message
    assert "sessions list" in str(caught.value.hint)


@pytest.mark.parametrize("reference", ["twin", "prefix"])
def test_finding_more_than_one(database: Database, reference: str) -> None:
    """A name, or a beginning, that more than one session has is an error that asks for more."""
    one = database.write(partial(sessions.create, name="twin"))
    database.write(partial(sessions.create, name="twin"))
    meant = one.id[:4] if reference == "prefix" else reference
    with pytest.raises(UsageError, match="more than one"):
        database.read(partial(sessions.find, reference=meant))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\ud800", "nul\0"])
def test_what_is_no_name(database: Database, name: str) -> None:
    """A name that could not be shown or typed is refused."""
    with pytest.raises(UsageError):
        database.write(partial(sessions.create, name=name))


def test_a_session_gets_another_name(database: Database) -> None:
    """It is found by its new name and not by the old one, nothing else of it changes, and None takes the name away."""

    def work(tx: Transaction) -> None:
        session = extend(tx, sessions.create(tx, "old"), "a")
        for name in ("new", None, "old"):
            renamed = sessions.rename(tx, session, name)
            assert renamed == replace(session, name=name) == sessions.get(tx, session.id)
        assert sessions.find(tx, "old").id == session.id
        with pytest.raises(UsageError, match="no session"):
            sessions.find(tx, "new")
        with pytest.raises(UsageError, match="no name"):
            sessions.rename(tx, session, " ")

    database.write(work)


def test_an_id_made_before(database: Database) -> None:
    """A session takes the id it is given, once."""
    name = string.ascii_lowercase
    assert database.write(partial(sessions.create, session_id=name)).id == name
    with pytest.raises(StorageError):
        database.write(partial(sessions.create, session_id=name))


HOUR = 3_600_000_000  # µs

SCANS = {
    "sessions.listing": ["SCAN p"],  # the page itself
    "trash.listing": ["SCAN p"],
    "trash.named": [],
    "trash.between": [],
    "branches.of_session": [],
    "sessions.latest": ["SCAN sessions USING INDEX kept_sessions_by_time"],
    "sessions.between": [],
    "sessions.named": [],
    "sessions.get": [],
    "messages.thread": ["SCAN l", "SCAN l", "SCAN lineage"],  # the lineage of a branch, which is short
    "ledger.open_calls": ["SCAN o"],  # the few that are under way
    "ledger.session_cost": [],
}


@pytest.mark.parametrize("query", SCANS)
def test_queries_use_an_index(url: str, query: str) -> None:
    """What runs at every start reads only the rows it returns, however many there are."""
    connect(url).close()
    names = ["limit", "branch_id", "end_seq", "first", "last", "id", "session_id", "name"]
    values = dict.fromkeys([*names, "tag", "model", "since", "before_at", "before_id"], 1)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement(query, 'sqlite')}", values).fetchall()
    assert [row[3] for row in plan if row[3].startswith("SCAN")] == SCANS[query]


def test_writing_stays_cheap() -> None:
    """Beginning a session and appending to it cost no more processor time when there are thousands of sessions."""

    def work(tx: Transaction) -> float:
        began = time.thread_time()
        extend(tx, sessions.create(tx), "a")
        return time.thread_time() - began

    with closing(connect(":memory:")) as database:
        alone = min(database.write(work) for _ in range(50))
        database.write(lambda tx: [work(tx) for _ in range(5000)])
        among_many = min(database.write(work) for _ in range(50))
    assert among_many < 2 * alone
