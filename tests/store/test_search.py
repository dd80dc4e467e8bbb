"""Search: what was said is found by its words, and nothing else is."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES, TEXTS

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, dump, load, user
from agentctl.store import search, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.search.finding import Hit, Where, find
from agentctl.store.search.query import Query, Term, parse
from agentctl.store.search.snippet import snippet
from agentctl.store.sessions import Session
from agentctl.store.words import looked_at, places, words

SAID = st.lists(st.sampled_from(["alpha", "Beta", "gämma", "al", "日本語", "x_y", "be-ta", "'", '"', "*"]), max_size=8)
TERMS = st.builds(
    Term,
    st.lists(st.sampled_from(["alpha", "beta", "gamma", "al", "日", "本", "x"]), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
QUERIES = st.builds(Query, st.lists(TERMS, min_size=1, max_size=3).map(tuple), st.lists(TERMS, max_size=2).map(tuple))


def said(tx: Transaction, *messages: Message | str, name: str | None = None) -> Session:
    """Store a session of these messages."""
    session = sessions.create(tx, name)
    for message in messages:
        session, _ = sessions.append(tx, session, user(message) if isinstance(message, str) else message)
    return session


def found(database: Database, text: str, where: Where | None = None, limit: int = 100) -> list[Hit]:
    search.catch_up(database)
    return database.read(lambda tx: find(tx, parse(text), limit, where))


def texts(hits: list[Hit]) -> list[str]:
    return [hit.stored.message.text for hit in hits]


def is_there(term: Term, inside: list[str]) -> bool:
    """A model of a phrase, by its text: between blanks, or at its end open."""
    text, wanted = " ".join(["", *inside, ""]), " ".join(["", *term.words])
    return wanted in text if term.prefix else f"{wanted} " in text


@given(st.lists(SAID.map(" ".join), max_size=6), QUERIES)
def test_what_was_said_is_found_and_nothing_else(told: list[str], query: Query) -> None:
    """A message is found exactly if all that is wanted is in it and nothing that is not, and is shown where it is."""
    expected = [
        text
        for text in told
        if all(is_there(term, words(text)) for term in query.wanted)
        and not any(is_there(term, words(text)) for term in query.unwanted)
    ]
    with closing(connect(":memory:")) as database:
        database.write(lambda tx: said(tx, *told))
        search.catch_up(database)
        hits = database.read(lambda tx: find(tx, query, 100))
    assert sorted(texts(hits)) == sorted(expected)
    for hit in hits:
        assert hit.snippet.marks
        for start, end in hit.snippet.marks:
            (*_, first) = words(hit.snippet.text[start:end])
            assert any(word.startswith(first) or first in word for term in query.wanted for word in term.words) or any(
                first.startswith(term.words[-1]) for term in query.wanted
            )


@given(TEXTS | st.text())
def test_words_stand_where_they_are_said_to(text: str) -> None:
    """The places of words are those of the words of the text, in order, and each word is made of what stands there."""
    located = places(text)
    assert [word for word, _, _ in located] == words(text)
    for word, start, end in located:
        assert 0 <= start < end <= len(text)
        assert word in "".join(words(text[start:end]))


@given(st.text(), TEXTS)
def test_any_query_is_read_or_refused(text: str, spoken: str) -> None:
    """Whatever a user writes is looked for or refused with a hint; a database never complains of it."""
    with closing(connect(":memory:")) as database:
        database.write(lambda tx: said(tx, spoken))
        with suppress(UsageError):
            query = parse(text)
            database.read(lambda tx: find(tx, query, 1))


@given(MESSAGES)
def test_a_message_is_found_by_each_of_its_words(message: Message) -> None:
    """Text, calls, results and names of attachments are found; thinking is not."""
    with closing(connect(":memory:")) as database:
        database.write(lambda tx: said(tx, message))
        for word in words(looked_at(load(dump(message)))):
            assert len(found(database, word)) == 1


def test_each_part_is_looked_at(database: Database) -> None:
    """What was written, called, answered and attached is found; what was only thought is not."""
    parts = (
        Text("written"),
        Thinking("thought"),
        ToolCall("id", "called", '{"with": "argument"}'),
        ToolResult("id", "answered"),
        Attachment("named.txt", "text/plain", b"attached"),
        Attachment("picture.png", "image/png", b"pixels"),
    )
    database.write(lambda tx: said(tx, Message("assistant", parts)))
    for word in ("written", "called", "argument", "answered", "named", "attached", "picture"):
        assert len(found(database, word)) == 1, word
    for word in ("thought", "pixels"):
        assert found(database, word) == [], word


@pytest.mark.parametrize("text", ["", " ", "-a", '"', 'a "b', "!!!", "a -", '""', "*", "-*", 'a -"', "w " * 65])
def test_what_is_no_query(text: str) -> None:
    """A query that says nothing, or has half a pair of quotation marks, is refused with a hint."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("One two", Query((Term(("one",)), Term(("two",))))),
        ('"One  two"', Query((Term(("one", "two")),))),
        ("on*", Query((Term(("on",), prefix=True),))),
        ("a -b -'c'", Query((Term(("a",)),), (Term(("b",)), Term(("c",))))),
        ('a -"b c"', Query((Term(("a",)),), (Term(("b", "c")),))),
        ("foo-bar*", Query((Term(("foo", "bar"), prefix=True),))),
        ("AND NEAR(x) col:y", Query((Term(("and",)), Term(("near", "x")), Term(("col", "y"))))),
        ("Ünïcode", Query((Term(("unicode",)),))),
    ],
)
def test_what_a_query_means(text: str, query: Query) -> None:
    """Words, phrases, beginnings and what must not be there; no word means anything special."""
    assert parse(text) == query


def test_where_to_look(database: Database) -> None:
    """A search is kept to a session, a role and a time."""
    one = database.write(lambda tx: said(tx, "word one", Message("assistant", (Text("word two"),)), name="one"))
    database.write(lambda tx: said(tx, "word three"))
    assert sorted(texts(found(database, "word"))) == ["word one", "word three", "word two"]
    assert sorted(texts(found(database, "word", Where(session_id=one.id)))) == ["word one", "word two"]
    assert texts(found(database, "word", Where(role="assistant"))) == ["word two"]
    (hit,) = found(database, "one")
    at = hit.stored.created_at
    assert (hit.session_id, hit.name, hit.title) == (one.id, "one", "word one")
    assert texts(found(database, "one", Where(since=at, until=at + 1))) == ["word one"]
    assert found(database, "one", Where(until=at)) == []
    assert found(database, "one", Where(since=at + 1)) == []


def test_tags_and_the_trash(url: str) -> None:
    """A search is kept to sessions with a tag, and what is in the trash is not found."""
    with closing(connect(url)) as database:
        ids = [database.write(lambda tx, text=text: said(tx, text)).id for text in ("word a", "word b")]  # type: ignore[misc]
        with closing(sqlite3.connect(path_of(url))) as raw, raw:
            raw.execute("INSERT INTO session_tags VALUES ('t', ?)", ids[:1])
        assert texts(found(database, "word", Where(tag="t"))) == ["word a"]
        with closing(sqlite3.connect(path_of(url))) as raw, raw:
            raw.execute("UPDATE sessions SET deleted_at = 1 WHERE id = ?", ids[:1])
        assert texts(found(database, "word")) == ["word b"]


def test_the_best_of_the_newest(database: Database) -> None:
    """The one with the word most often is first, and no more are returned than asked for."""
    database.write(
        lambda tx: said(tx, "word", *(f"filler {number}" for number in range(20)), "word word word", "word x")
    )
    assert texts(found(database, "word", limit=1)) == ["word word word"]
    assert len(found(database, "word", limit=2)) == 2


def test_damaged_messages_are_no_hits(url: str) -> None:
    """A message whose text or checksum was changed is left out, indexed or not, and nothing else is."""
    with closing(connect(url)) as database:
        database.write(lambda tx: said(tx, "word a", "word b", "word c"))
        search.catch_up(database)
        with closing(sqlite3.connect(path_of(url))) as raw, raw:
            raw.execute("DROP TRIGGER messages_are_not_updated")
            raw.execute("UPDATE messages SET body_sha256 = 'x' WHERE seq = 0")
            raw.execute("UPDATE messages SET body = '{' WHERE seq = 1")
            raw.execute("INSERT INTO search_backlog SELECT id FROM messages WHERE seq = 1")
        assert texts(found(database, "word")) == ["word c"]


def test_the_backlog_is_indexed_first(url: str) -> None:
    """Messages that nobody has indexed are found, more than one batch of them, and each is indexed once."""
    count = 1_100
    with closing(connect(url)) as database:
        database.write(lambda tx: said(tx, *(f"word{number} all" for number in range(count))))
        search.catch_up(database)
        with closing(sqlite3.connect(path_of(url))) as raw, raw:
            raw.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
            raw.execute("DELETE FROM search_documents")
            raw.execute("INSERT INTO search_backlog SELECT id FROM messages")
        assert database.read(lambda tx: find(tx, parse("word7"), 1)) == []
        assert search.catch_up(database) == count
        assert search.catch_up(database) == 0
        assert texts(found(database, f"word{count - 1}")) == [f"word{count - 1} all"]


def test_what_is_forgotten_is_not_found(url: str) -> None:
    """Words of a message that is about to go leave the index, which is then as it would be without it."""
    with closing(connect(url)) as database:
        database.write(lambda tx: said(tx, "gone Wörd wörd", "stays word"))
        search.catch_up(database)
        ((message_id, body), *_) = query_of(url, "SELECT id, body FROM messages ORDER BY seq")
        database.write(partial(search.forget, message_id=message_id, message=load(body)))
        assert texts(found(database, "word")) == ["stays word"]
        with closing(sqlite3.connect(path_of(url))) as raw:
            raw.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search_index, row)")
            assert raw.execute("SELECT term, doc, cnt FROM temp.terms").fetchall() == [("stays", 1, 1), ("word", 1, 1)]
        database.write(partial(search.forget, message_id=message_id, message=None))


def test_a_snippet_of_a_long_text() -> None:
    """It shows the place with the most of what is looked for, and says where it was cut."""
    text = "one " + "filler " * 200 + "one\ttwo " + "filler " * 200
    shown = snippet(text, parse("one two"))
    assert shown
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert [shown.text[start:end] for start, end in shown.marks] == ["one", "two"]
    assert "\t" not in shown.text
    assert snippet("nothing of it", parse("one")) is None


def test_a_snippet_marks_what_was_written() -> None:
    """Marks are at the places of the text itself, whatever its words were made of."""
    shown = snippet("Straße ﬁn café 日本語", parse("strasse fin CAFE 本語"))
    assert shown
    assert [shown.text[start:end] for start, end in shown.marks] == ["Straße", "ﬁn", "café", "本語"]


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def query_of(url: str, sql: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path_of(url))) as raw:
        return raw.execute(sql).fetchall()


def test_each_form_of_a_query(database: Database) -> None:
    """Words, phrases, beginnings and what must not be there are found alike in each backend."""
    told = ["alpha beta gamma", "beta alpha", "alphabet gamma", "Älpha: x_y 日本語"]
    database.write(lambda tx: said(tx, *told))
    expected = {
        "alpha": [0, 1, 3],
        "alpha gamma": [0],
        '"alpha beta"': [0],
        "alph*": [0, 1, 2, 3],
        "alpha -beta": [3],
        'beta -"beta alpha"': [0],
        "gamma -alphab* -zeta": [0],
        "x-y 本語": [3],
        "日*": [3],
        "zeta": [],
    }
    for query, numbers in expected.items():
        assert sorted(texts(found(database, query))) == sorted(told[number] for number in numbers), query
