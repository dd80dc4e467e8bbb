"""A database in which something is wrong: what is sound goes on, and what is not is named."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from support.conversations import say, spoil, texts

from agentctl.errors import StorageError
from agentctl.store import search, sessions, tidying
from agentctl.store.base import DamagedError, Database, Transaction
from agentctl.store.open import connect
from agentctl.store.search.finding import find
from agentctl.store.search.query import parse
from agentctl.store.sessions import Session, verifying


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def kinds(database: Database, session: Session) -> list[str]:
    return [one.kind for one in database.read(lambda tx: verifying.verify(tx, session.id))]


@pytest.mark.parametrize("moment", [-5, 2**62, 2**63 - 2, 2**63 - 1])
def test_a_time_that_is_none(database: Database, moment: int) -> None:
    """A session of a time that can't be is listed and named, and others go on at their own; its next use heals it."""

    def work(tx: Transaction) -> Session:
        odd = say(tx, sessions.create(tx, "odd"), "a")
        tx.execute("exchange.used", id=odd.id, updated_at=moment) or tx.one(
            "sessions.touch", id=odd.id, title=None, now=moment
        )
        return odd

    before = sessions.now()
    odd = database.write(work)
    spoilt = database.read(lambda tx: sessions.get(tx, odd.id)).updated_at
    session = database.write(lambda tx: say(tx, sessions.create(tx, "s"), "b"))
    assert before <= session.updated_at <= sessions.now() + 1000
    assert {one.name for one in database.read(lambda tx: sessions.listing(tx, 9))} == {"odd", "s"}
    assert kinds(database, odd) == (["time"] if spoilt == moment else [])
    database.write(lambda tx: sessions.delete(tx, odd.id))
    database.write(lambda tx: sessions.restore(tx, odd.id))
    database.write(lambda tx: say(tx, sessions.get(tx, odd.id), "c"))
    assert kinds(database, odd) == []


def test_branches_that_descend_from_themselves(url: str) -> None:
    """Whoever reads such a session is told so, and names it; other sessions are read as ever."""
    with closing(connect(url)) as database:
        early = database.write(lambda tx: say(tx, sessions.create(tx, "s"), "a", "b"))
        first = database.write(lambda tx: say(tx, early, "c"))
        second = database.write(lambda tx: say(tx, early, "d"))
        other = database.write(lambda tx: say(tx, sessions.create(tx), "x"))
    spoil(file_of(url), f"UPDATE branches SET parent_branch_id = '{second.branch_id}' WHERE id = '{first.branch_id}'")
    with closing(connect(url)) as database:
        for place in (first, second):
            with pytest.raises(StorageError, match=f"session {early.id} descend from themselves"):
                database.read(partial(sessions.thread, session=place))
            with pytest.raises(StorageError, match=f"session {early.id} descend from themselves"):
                database.write(partial(sessions.fork, place=place))
        assert database.read(lambda tx: texts(tx, other)) == ["x"]


def test_no_fork_without_all_messages(url: str) -> None:
    """A conversation that lacks messages is not copied as if it had all."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "a", "b", "c"))
    spoil(file_of(url), "DELETE FROM messages WHERE seq = 1")
    with closing(connect(url)) as database, pytest.raises(StorageError, match="lacks messages: 2 of 3"):
        database.write(lambda tx: sessions.fork(tx, session))


def test_messages_of_an_older_program_are_found(url: str) -> None:
    """What is stored by who knows nothing of words waits to be indexed; what does not even wait, gc finds."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "alpha"))
    insert = (
        "INSERT INTO messages SELECT id || 'x', session_id, branch_id, 1, id, role, status, body, body_sha256, NULL, 0"
        " FROM messages"
    )
    spoil(file_of(url), insert)
    with closing(connect(url)) as database:
        search.catch_up(database)
        assert len(database.read(lambda tx: find(tx, parse("alpha"), 9))) == 2
    spoil(file_of(url), "DELETE FROM search_documents", "INSERT INTO search_index (search_index) VALUES ('delete-all')")
    with closing(connect(url)) as database:
        assert database.read(tidying.look)["backlog"] == 2
        assert tidying.index(database) == 2
        assert len(database.read(lambda tx: find(tx, parse("alpha"), 9))) == 2
        assert session.next_seq == 1


BROKEN = {
    "it is gone": "DROP TABLE search_index",
    "its data is gone": "DROP TABLE search_index_data",
    "its settings are gone": "DROP TABLE search_index_config",
    "its words are gone": "DROP TABLE search_index_idx",
    "its sizes are gone": "DROP TABLE search_index_docsize",
}


@pytest.mark.parametrize("way", ["purge", "gc"])
@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_index_is_made_anew(url: str, how: str, way: str) -> None:
    """Nothing is blocked by an index that is broken: a purge and the next clearing away make it anew."""
    with closing(connect(url)) as database:
        gone, _ = (database.write(lambda tx: say(tx, sessions.create(tx), "alpha")) for _ in range(2))
        search.catch_up(database)
        database.write(lambda tx: sessions.delete(tx, gone.id))
    spoil(file_of(url), BROKEN[how])
    with closing(connect(url)) as database:
        assert [one.kind for one in database.read(verifying.verify_rest)] == ["search"]
        database.read(tidying.look)
        database.write(lambda tx: say(tx, sessions.create(tx, "new"), *map(str, range(40))))
        if way == "purge":
            database.write(lambda tx: sessions.purge(tx, gone.id))
        tidying.index(database)
        assert database.read(verifying.verify_rest) == []
        assert database.read(lambda tx: find(tx, parse("alpha"), 9))
        assert database.check() == []


def test_a_text_that_is_none(url: str) -> None:
    """A body or name that is not UTF-8 is named, the message can be set aside, and all else can be read."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx, "s"), "a", "b"))
        other = database.write(lambda tx: say(tx, sessions.create(tx, "t"), "x"))
    spoil(
        file_of(url),
        "UPDATE messages SET body = CAST(X'7bff80fe' AS TEXT) WHERE seq = 1",
        "UPDATE sessions SET name = CAST(X'7bff80fe' AS TEXT) WHERE name = 't'",
    )
    with closing(connect(url)) as database:
        search.catch_up(database)
        assert len(database.read(lambda tx: sessions.listing(tx, 9))) == 2
        (one,) = database.read(lambda tx: verifying.verify(tx, session.id))
        assert (one.kind, one.text) == ("damaged", "its checksum differs")
        assert kinds(database, other) == ["name"]
        database.write(lambda tx: sessions.set_aside(tx, str(one.message_id), one.text))
        assert database.read(lambda tx: sessions.thread(tx, session))[1].status == "damaged"
        assert database.read(lambda tx: texts(tx, other)) == ["x"]


BODIES = [
    '{"role": "user", "parts": [{"type": "text", "text": 5}]}',
    '{"role": "user", "parts": [{"type": "text", "text": null}]}',
    '{"role": "user", "parts": {"type": "text"}}',
    '{"role": ["user"], "parts": []}',
    '{"role": "user", "parts": [{"type": "tool_result", "call_id": 1, "content": [], "is_error": 3}]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_of_wrong_types_stops_nobody(url: str, body: str) -> None:
    """A body that is JSON and no message is indexed without words, and its session can be purged."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "a", "alpha"))
    spoil(file_of(url), f"UPDATE messages SET body = '{body}' WHERE seq = 0")
    with closing(connect(url)) as database:
        search.catch_up(database)
        assert not database.read(lambda tx: tx.one("search.waits"))
        assert len(database.read(lambda tx: find(tx, parse("alpha"), 9))) == 1
        assert kinds(database, session) == ["damaged"]
        database.write(lambda tx: sessions.delete(tx, session.id))
        database.write(lambda tx: sessions.purge(tx, session.id))
        tidying.index(database)
        assert database.read(verifying.verify_rest) == []


def test_long_gaps_and_lost_sessions_are_a_line_each(url: str) -> None:
    """A gap is told once, however long; and so is a session that is gone while its messages are there."""
    with closing(connect(url)) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx), "a"))
        lost = database.write(lambda tx: say(tx, sessions.create(tx), "b", "c"))
    spoil(
        file_of(url),
        f"UPDATE branches SET next_seq = {10**18} WHERE id = '{session.branch_id}'",
        f"DELETE FROM sessions WHERE id = '{lost.id}'",
        f"INSERT INTO imports VALUES ('{session.id}', '', 'x', '{{')",
    )
    with closing(connect(url)) as database:
        found = database.read(lambda tx: verifying.verify(tx, session.id))
        assert [one.kind for one in found] == ["order", "import"]
        assert f"are no messages from 1 to {10**18 - 1} after" in found[0].text
        rest = [(one.kind, one.session_id) for one in database.read(verifying.verify_rest)]
        assert rest == [("session", lost.id)]


def test_what_lacks_a_table_is_damaged(url: str) -> None:
    """A missing table is damage of the database, not a refusal."""
    connect(url).close()
    spoil(file_of(url), "DROP TABLE session_tags")
    with closing(connect(url)) as database, pytest.raises(DamagedError, match="is damaged"):
        database.read(lambda tx: sessions.listing(tx, 9))
