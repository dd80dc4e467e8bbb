"""Branches: a session goes on wherever one says, and nothing that was said is ever lost."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.conversations import say, texts

from agentctl.cli.sessions import tree
from agentctl.errors import UsageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session, verifying

# Appends to where the session stands, to where it once stood, or goes on after some message.
STEPS = st.lists(st.tuples(st.sampled_from(["append", "append late", "switch"]), st.integers(0, 1000)), max_size=15)


def walk(tx: Transaction, steps: list[tuple[str, int]]) -> tuple[Session, list[list[str]]]:
    """Take the steps, and return the session and each line of it that was ever told."""
    session = sessions.create(tx)
    places: list[tuple[Session, list[str]]] = [(session, [])]
    current: list[str] = []
    for number, (step, chance) in enumerate(steps):
        place, said = places[chance % len(places)]
        if step == "switch" and place.head_id:
            session, current = sessions.switch(tx, session, sessions.locate(tx, session, place.head_id)), said
            places.append((session, said))
            continue
        start, told = (sessions.get(tx, session.id), current) if step == "append" else (place, said)
        after, stored = sessions.append(tx, start, user(str(number)))
        assert stored.parent_id == start.head_id
        places.append((after, [*told, str(number)]))
        if after.branch_id == sessions.get(tx, session.id).branch_id:
            current = [*told, str(number)]
        assert texts(tx, sessions.get(tx, session.id)) == current
    return sessions.get(tx, session.id), [said for _, said in places]


@given(STEPS)
def test_nothing_is_lost(steps: list[tuple[str, int]]) -> None:
    """After any appends and switches each line that was ever told is there, from its last message up to the root."""
    with closing(connect(":memory:")) as database:

        def work(tx: Transaction) -> None:
            session, lines = walk(tx, steps)
            for said in lines:
                if said:
                    last = next(one for one in sessions.every(tx, session.id) if one.message.text == said[-1])
                    place = sessions.locate(tx, session, last.id)
                    assert texts(tx, place) == said
            assert verifying.verify(tx, session.id) == []
            assert verifying.verify_rest(tx) == []

        database.write(work)


@given(STEPS)
def test_the_tree_is_all_threads(steps: list[tuple[str, int]]) -> None:
    """The tree has each message once, below its parent, and its active line is the thread of the active branch."""
    with closing(connect(":memory:")) as database:

        def work(tx: Transaction) -> None:
            session, _ = walk(tx, steps)
            nodes = tree.nodes(tx, session.id)
            parents = {node.row["id"]: node.row["parent_id"] for node in nodes}
            active = [node.row["id"] for node in nodes if node.active]
            assert active == [stored.id for stored in sessions.thread(tx, session)]
            for branch in sessions.branches(tx, session.id):
                place = sessions.locate(tx, session, branch.id)
                thread = [stored.id for stored in sessions.thread(tx, place)]
                assert [parents[one] for one in thread] == [None, *thread][:-1]
                assert branch.forked_after == (thread[branch.fork_seq - 1] if branch.fork_seq else None)
                assert not thread or branch in next(node for node in nodes if node.row["id"] == thread[-1]).ends
            drawn = list(tree.lines(nodes, 26))
            assert sorted(line.split()[line.split().index("user:") - 1] for line in drawn) == sorted(parents)

        database.write(work)


def test_a_tree_to_read(database: Database) -> None:
    """Side branches are indented where they leave, and each end has the name of its branch."""

    def work(tx: Transaction) -> list[str]:
        first = say(tx, sessions.create(tx), "a", "b")
        session = say(tx, first, "c", "d")
        session = sessions.switch(tx, session, first, "other")
        say(tx, session, "e")
        nodes = tree.nodes(tx, session.id)
        return [line.replace(node, "") for line in tree.lines(nodes, 0) for node in [""]]

    root, answer, aside, below, active = database.write(work)
    assert (root, answer) == ("*  user: a", "*  openai/gpt: b")
    assert (aside, below) == ("├─   user: c", "│    openai/gpt: d  []")
    assert active == "*  user: e  [other, active]"


def test_switching(database: Database) -> None:
    """To a branch, to its last message, and to one before that, which begins a branch once however often it is said."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "a", "b", "c")
        second = sessions.thread(tx, session)[1]
        early = sessions.switch(tx, session, sessions.locate(tx, session, second.id), "early")
        assert (early.head_id, early.next_seq, texts(tx, early)) == (second.id, 2, ["a", "b"])
        assert sessions.switch(tx, session, sessions.locate(tx, session, second.id)) == early
        assert len(sessions.branches(tx, session.id)) == 2
        assert sessions.switch(tx, early, sessions.locate(tx, early, str(session.head_id))) == session
        assert sessions.switch(tx, session, sessions.locate(tx, session, "early")) == early
        root, branch = sessions.branches(tx, session.id)
        assert (root.name, root.parent_id, root.forked_after, root.active) == (None, None, None, False)
        assert (branch.name, branch.parent_id, branch.forked_after) == ("early", root.id, second.id)
        assert (branch.active, branch.next_seq, branch.head_id, branch.used_at) == (True, 2, None, None)
        assert sessions.get(tx, session.id).updated_at == session.updated_at

    database.write(work)


@pytest.mark.parametrize("reference", ["", "x", "nobody", "01", "zzzzzz", "\ud800", "a\0bc", "twin"])
def test_a_place_that_is_not_there(database: Database, reference: str) -> None:
    """A reference to no branch and no message, or to two, is an error that says how to see them."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "a", "b", "c")
        first, second, _ = sessions.thread(tx, session)
        for stored in (first, second):
            sessions.switch(tx, session, sessions.locate(tx, session, stored.id), "twin")
        sessions.locate(tx, session, reference)

    with pytest.raises(UsageError, match=r"has (no|more than one) branch or message") as caught:
        database.write(work)
    assert "--tree" in str(caught.value.hint)


def test_a_message_of_another_session(database: Database) -> None:
    """A session can't go on after what was said in another."""

    def work(tx: Transaction) -> None:
        one, other = say(tx, sessions.create(tx), "a"), say(tx, sessions.create(tx), "b")
        sessions.locate(tx, one, str(other.head_id))

    with pytest.raises(UsageError, match="has no branch or message"):
        database.write(work)


def test_short_ids_tell_all_apart(database: Database) -> None:
    """The beginnings of ids that are shown name one message or branch each."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), *map(str, range(30)))
        length = sessions.short_length(tx, session.id)
        for stored in sessions.thread(tx, session):
            assert sessions.locate(tx, session, stored.id[:length]).head_id == stored.id
        assert length < 20

    database.write(work)


def test_two_that_go_on_at_once_after_a_switch(database: Database) -> None:
    """Both keep their words, on branches that leave the old one at the same message."""

    def work(tx: Transaction) -> None:
        session = say(tx, sessions.create(tx), "a", "b", "c")
        first = sessions.thread(tx, session)[0]
        early = sessions.switch(tx, session, sessions.locate(tx, session, first.id))
        one, other = say(tx, early, "d"), say(tx, early, "e")
        assert (texts(tx, one), texts(tx, other)) == (["a", "d"], ["a", "e"])
        assert [branch.forked_after for branch in sessions.branches(tx, session.id)] == [None, first.id, first.id]
        assert texts(tx, sessions.get(tx, session.id)) == ["a", "d"]
        assert verifying.verify(tx, session.id) == []

    database.write(work)
