"""Lists of sessions: pages, filters, and what they cost to read."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conversations import say

from agentctl.errors import UsageError
from agentctl.messages import Message, Text
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Filter
from agentctl.store.statements import statement


def names(tx: Transaction, wanted: Filter) -> list[str | None]:
    return [one.name for one in sessions.listing(tx, 100, wanted)]


@given(st.integers(0, 12), st.integers(1, 5), st.sets(st.integers(0, 11)))
def test_pages_are_the_whole_list(number: int, size: int, deleted: set[int]) -> None:
    """Page after page is all there is, each session once, in the order of the list; in the trash as well."""
    with closing(connect(":memory:")) as database:

        def work(tx: Transaction) -> None:
            made = [sessions.create(tx, f"s{index}") for index in range(number)]
            for index in deleted & set(range(number)):
                sessions.delete(tx, made[index].id)
            kept, found, cursor = sessions.listing(tx, 100), [], None
            while page := sessions.listing(tx, size, Filter(after=cursor)):
                assert len(page) <= size
                found += page
                cursor = page[-1].cursor
            assert found == kept
            assert [one.name for one in kept] == [f"s{n}" for n in reversed(range(number)) if n not in deleted]
            gone, found, cursor = sessions.trashed(tx, 100), [], None
            while page := sessions.trashed(tx, size, cursor):
                found += page
                cursor = page[-1].cursor
            assert found == gone
            assert {one.id for one in gone} | {one.id for one in kept} == {one.id for one in made}

        database.write(work)


def test_a_session_used_meanwhile_is_not_listed_twice(database: Database) -> None:
    """Who goes on after a page sees what was listed there before, whatever is used in between."""

    def work(tx: Transaction) -> None:
        old, _, new = (sessions.create(tx, name) for name in ("old", "middle", "new"))
        (first,) = sessions.listing(tx, 1)
        assert first.id == new.id
        say(tx, old, "again")
        assert names(tx, Filter(after=first.cursor)) == ["middle"]

    database.write(work)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(tag="b"), ["Two"]),
        (Filter(tag="none"), []),
        (Filter(name="tw"), ["Two"]),
        (Filter(name="WHY is"), ["one"]),
        (Filter(name="o*"), ["one"]),
        (Filter(name="?ne"), ["one"]),
        (Filter(name="100%_\\"), ["100%_\\ sure"]),
        (Filter(name="100%_*"), ["100%_\\ sure"]),
        (Filter(name="%"), ["100%_\\ sure"]),
        (Filter(model="openai/*"), ["one"]),
        (Filter(model="GPT"), ["one"]),
        (Filter(model="local/smol"), ["Two"]),
        (Filter(model="openai/gpt"), ["one"]),
        (Filter(model="op*pt"), ["one"]),
        (Filter(model="openai/gp?"), ["one"]),
        (Filter(model="end_turn"), []),
        (Filter(model='"'), []),
        (Filter(tag="a", name="tw"), ["Two"]),
    ],
)
def test_filters(database: Database, wanted: Filter, found: list[str]) -> None:
    """A filter finds what it says, by whole names with * and ?, else by a part, and case does not matter."""

    def work(tx: Transaction) -> list[str | None]:
        one, two = sessions.create(tx, "one"), sessions.create(tx, "Two")
        sessions.create(tx, "100%_\\ sure")
        say(tx, one, 'why is ,"model":"local/smol","stop_reason":"', "answer")
        two, _ = sessions.append(tx, two, Message("user", (Text("x"),)))
        sessions.append(tx, two, Message("assistant", (Text("no reason why it stopped"),), "local/smol"))
        sessions.tag(tx, one.id, ["a"])
        sessions.tag(tx, two.id, ["b", "a"])
        return names(tx, wanted)

    assert database.write(work) == found


def test_a_time(database: Database) -> None:
    """Since is the first moment that counts and until the first that does not."""

    def work(tx: Transaction) -> None:
        made = [sessions.create(tx, str(number)) for number in range(4)]
        times = [one.updated_at for one in made]
        assert names(tx, Filter(since=times[1], until=times[3])) == ["2", "1"]
        last = sessions.listing(tx, 1, Filter(until=times[3]))[0]
        assert names(tx, Filter(since=times[1], until=times[3], after=last.cursor)) == ["1"]

    database.write(work)


def test_a_summary(database: Database) -> None:
    """A session is listed with its title, its tags in order and its messages counted."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "what   is\nthis?", "that")
        sessions.tag(tx, session.id, ["z", "a"])
        (one,) = sessions.listing(tx, 10)
        assert (one.title, one.tags, one.messages, one.deleted_at) == ("what is this?", ("a", "z"), 2, None)

    database.write(work)


@pytest.mark.parametrize("cursor", ["", "x", "-", "\ud800", ".", "g.1", "1.\ud800"])
def test_what_is_no_cursor(database: Database, cursor: str) -> None:
    """A cursor that no list printed is an error."""
    with pytest.raises(UsageError, match="is no cursor"):
        database.read(lambda tx: sessions.listing(tx, 1, Filter(after=cursor)))


@pytest.mark.parametrize("wanted", [Filter(tag="\ud800"), Filter(name="a\nb"), Filter(model="\0")])
def test_what_can_not_be_looked_for(database: Database, wanted: Filter) -> None:
    """A text that no name, tag or model could have is an error."""
    with pytest.raises(UsageError, match="can't be looked for"):
        database.read(lambda tx: sessions.listing(tx, 1, wanted))


PLANS = {
    "sessions.listing": "kept_sessions_by_time (updated_at>? AND (updated_at,id)<(?,?))",
    "trash.listing": "deleted_sessions (deleted_at>? AND (deleted_at,id)<(?,?))",
}


@pytest.mark.parametrize("query", PLANS)
def test_a_page_is_read_from_its_place(url: str, query: str) -> None:
    """A page begins at its cursor in an index that has the order of the list: nothing before it is read or sorted."""
    connect(url).close()
    values = dict.fromkeys(["limit", "tag", "name", "model", "since", "before_at", "before_id"], 1)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement(query, 'sqlite')}", values).fetchall()
    page = next(row[0] for row in plan if "CO-ROUTINE" in row[3])
    steps = [row[3] for row in plan if row[1] == page]
    assert PLANS[query] in steps[0]
    assert not [step for step in steps if "TEMP B-TREE" in step or step.startswith("SCAN")]
