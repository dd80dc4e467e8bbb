"""What is kept of many sessions: pages of lists, tags, copies, the trash, and what is found by its words."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from agentctl.errors import UsageError
from agentctl.messages import user
from agentctl.store import search, sessions
from agentctl.store.base import Database
from agentctl.store.search.finding import find
from agentctl.store.search.query import parse
from agentctl.store.sessions import Filter, Session
from agentctl.testing.conformance.check import Store, check, expect, refused


@check()
def pages_neither_skip_nor_repeat(store: Store) -> None:
    """A list by pages has each session once, the one used last first, though one is used between two pages."""
    with closing(store.open()) as database:
        said = [_session(database, f"s{number}") for number in range(7)]
        first = database.read(lambda tx: sessions.listing(tx, 3))
        database.write(partial(sessions.append, session=said[6], message=user("again")))
        rest = database.read(lambda tx: sessions.listing(tx, 9, Filter(after=first[-1].cursor)))
        expect([one.name for one in (*first, *rest)], [f"s{number}" for number in reversed(range(7))], "the pages")


@check()
def tags_are_kept(store: Store) -> None:
    """A tag is there once, is listed by, and is gone when it is taken away."""
    with closing(store.open()) as database:
        one, _ = _session(database, "one"), _session(database, "two")
        for _ in range(2):
            database.write(lambda tx: sessions.tag(tx, one.id, ["a", "b"]))
        expect(database.read(lambda tx: sessions.tags(tx, one.id)), ("a", "b"), "the tags")
        tagged = database.read(lambda tx: sessions.listing(tx, 9, Filter(tag="a")))
        expect([each.name for each in tagged], ["one"], "the sessions with a tag")
        database.write(lambda tx: sessions.tag(tx, one.id, [], remove=["a"]))
        expect(database.read(lambda tx: sessions.tags(tx, one.id)), ("b",), "the tags that are left")


@check()
def a_copy_is_apart(store: Store) -> None:
    """A copy has all that was said, and lives on when the original is gone for good."""
    with closing(store.open()) as database:
        original = _session(database, "original", "first", "second")
        copy, _ = database.write(lambda tx: sessions.fork(tx, original, "copy"))
        database.write(lambda tx: sessions.delete(tx, original.id))
        database.write(lambda tx: sessions.purge(tx, original.id))
        expect(_texts(database, copy), ["first", "second"], "the copy")
        refused(UsageError, lambda: database.read(lambda tx: sessions.get(tx, original.id)), "the original")


@check()
def the_trash_gives_back(store: Store) -> None:
    """A deleted session is in no list and found by no words, and restored it is as it was."""
    with closing(store.open()) as database:
        gone, kept = _session(database, "gone", "a needle"), _session(database, "kept", "another needle")
        database.write(lambda tx: sessions.delete(tx, gone.id))
        expect([one.name for one in database.read(lambda tx: sessions.listing(tx, 9))], ["kept"], "the list")
        expect(_found(database, "needle"), ["another needle"], "what is found")
        refused(UsageError, lambda: database.write(lambda tx: sessions.purge(tx, kept.id)), "a purge of what is kept")
        database.write(lambda tx: sessions.restore(tx, gone.id))
        expect(sorted(_found(database, "needle")), ["a needle", "another needle"], "what is found again")
        expect(_texts(database, gone), ["a needle"], "what was restored")


@check()
def words_are_found(store: Store) -> None:
    """Messages, and no others, are found by words of any case and accents, by phrases and by beginnings."""
    with closing(store.open()) as database:
        _session(database, "s", "Ein Café am Meer", "am Café", "ein Café, ein Meer", "東京都に行く")
        wanted = {
            "cafe": ["Ein Café am Meer", "am Café", "ein Café, ein Meer"],
            '"am meer"': ["Ein Café am Meer"],
            "caf* -meer": ["am Café"],
            "京都": ["東京都に行く"],
            "nowhere": [],
        }
        for query, texts in wanted.items():
            expect(sorted(_found(database, query)), texts, f"what is found for {query}")


def _session(database: Database, name: str, *texts: str) -> Session:
    session = database.write(lambda tx: sessions.create(tx, name))
    for text in texts:
        session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
    return session


def _texts(database: Database, session: Session) -> list[str]:
    here = database.read(lambda tx: sessions.get(tx, session.id))
    return [stored.message.text for stored in database.read(lambda tx: sessions.thread(tx, here))]


def _found(database: Database, query: str) -> list[str]:
    search.catch_up(database)
    return [hit.stored.message.text for hit in database.read(lambda tx: find(tx, parse(query), 20))]


CHECKS = (pages_neither_skip_nor_repeat, tags_are_kept, a_copy_is_apart, the_trash_gives_back, words_are_found)
