"""Conversations: lines that writers never mix, messages that never change, and what lists show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from functools import partial

from agentctl.errors import StorageError, UsageError
from agentctl.ids import new_id
from agentctl.messages import dump, user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.sessions import Session
from agentctl.testing.conformance.check import Store, check, expect, refused
from agentctl.testing.conformance.transactions import names
from agentctl.testing.conformance.worker import together


@check()
def the_second_writer_forks(store: Store) -> None:
    """Of two writers at one place the first goes on and the second gets a branch of its own, with all before it."""
    with closing(store.open()) as database:
        start = _say(database, database.write(sessions.create), "question")
        first, second = (_say(database, start, text) for text in ("first", "second"))
        expect(_texts(database, _say(database, second, "more")), ["question", "second", "more"], "the second line")
        expect(_texts(database, _say(database, first, "more")), ["question", "first", "more"], "the first line")
        active = database.read(partial(sessions.get, session_id=start.id))
        expect(_texts(database, active), ["question", "first", "more"], "the session's own line")


@check("shared")
def processes_fork_each_a_line(store: Store) -> None:
    """Processes that append to one session at once get a line each: nothing lost, nothing mixed."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        said = [[f"{number}.{turn}" for turn in range(5)] for number in range(3)]
        found = _appended(store, database, session, said)
        expect(found, said, "the lines")


@check()
def an_id_is_added_once(store: Store) -> None:
    """A message with an id is added once, however often and by however many threads at once that is tried."""
    with closing(store.open()) as database, ThreadPoolExecutor(4) as pool:
        start, message_id = database.write(sessions.create), new_id()
        add = partial(sessions.append, session=start, message=user("once"), message_id=message_id)
        tried = list(pool.map(lambda _: database.write(add), range(8)))
        expect({stored.id for _, stored in tried}, {message_id}, "the ids")
        session = _say(database, tried[0][0], "next")
        again, _ = database.write(add)
        expect((again.head_id, again.next_seq), (message_id, 1), "where it stands when it is tried later")
        expect(_texts(database, session), ["once", "next"], "the conversation")


@check()
def an_id_is_of_one_message(store: Store) -> None:
    """Another message with the id of one that is there is refused, and changes nothing."""
    with closing(store.open()) as database:
        start, message_id = database.write(sessions.create), new_id()
        session, _ = database.write(partial(sessions.append, session=start, message=user("one"), message_id=message_id))
        other = partial(sessions.append, session=session, message=user("two"), message_id=message_id)
        error = refused(StorageError, partial(database.write, other), "another message of the same id")
        expect(message_id in str(error), True, "whether it is told which id that is")
        expect(_texts(database, session), ["one"], "the conversation")


@check("sql")
def messages_never_change(store: Store) -> None:
    """The store itself refuses to change or delete a message, whoever asks."""
    with closing(store.open()) as database:
        session = _say(database, database.write(sessions.create), "said")
        for statement in ("UPDATE messages SET body = '{}'", "DELETE FROM messages"):
            refused(Exception, partial(store.run, statement), statement)
        expect(_texts(database, session), ["said"], "the conversation")


@check()
def damage_is_found(store: Store) -> None:
    """A message whose text is not that of its checksum is refused by its id, not shown."""
    with closing(store.open()) as database:
        session, message_id = database.write(sessions.create), new_id()
        damaged = partial(_damaged, session=session, message_id=message_id)
        row = database.write(lambda tx: tx.one("messages.append", **damaged()))
        expect(row is not None, True, "whether the message was added")
        read = partial(sessions.before, branch_id=session.branch_id, seq=1)
        error = refused(StorageError, partial(database.read, read), "a message with a wrong checksum")
        expect(message_id in str(error), True, f"whether its id is in {str(error)!r}")


@check()
def lists_begin_with_the_last_used(store: Store) -> None:
    """A list has each session once, the last used first, as many as are wanted; to rename one is not to use it."""
    with closing(store.open()) as database:
        made = [database.write(partial(sessions.create, name=name)) for name in "abcd"]
        _say(database, made[1], "used")
        renamed = database.write(partial(sessions.rename, session=made[0], name="new"))
        expect(names(database), ["b", "d", "c", "new"], "the list")
        shown = database.read(partial(sessions.listing, limit=2))
        expect([(one.name, one.title, one.messages) for one in shown], [("b", "used", 1), ("d", None, 0)], "its top")
        latest = database.read(sessions.latest)
        expect(latest and latest.id, made[1].id, "the session used last")
        expect(database.read(partial(sessions.get, session_id=made[0].id)), renamed, "the renamed session")


@check()
def sessions_are_found_by_what_is_theirs_alone(store: Store) -> None:
    """A session is found by its id and by the beginning of it; one of two by a name that they share is an error."""
    with closing(store.open()) as database:
        one, two = (
            database.write(partial(sessions.create, name="both", session_id=session_id))
            for session_id in ("aaaa" + "0" * 22, "aaab" + "0" * 22)
        )
        for reference, session in (("aaaa", one), ("aaab0", two), (two.id, two)):
            expect(database.read(partial(sessions.find, reference=reference)), session, f"the session {reference}")
        for reference in ("both", "aaa", "aaac", "AAAA", "%", "aaa_"):
            find = partial(sessions.find, reference=reference)
            refused(UsageError, partial(database.read, find), f"the reference {reference}")


@check("sql")
def the_outbox_tells_all_in_order(store: Store) -> None:
    """The outbox has a row for each thing that happened to a session, in the order in which it did."""

    def fail(tx: Transaction) -> None:
        sessions.create(tx)
        raise UsageError("no")

    with closing(store.open()) as database:
        session = _say(database, database.write(sessions.create), "said")
        session = database.write(partial(sessions.rename, session=session, name="new"))
        refused(UsageError, partial(database.write, fail), "failed work")
        _say(database, session, "more")
        other = database.write(sessions.create)
        found = store.run("SELECT kind, session_id FROM outbox ORDER BY seq")
        wanted = [(kind, session.id) for kind in ("created", "message", "renamed", "message")]
        expect([tuple(row) for row in found], [*wanted, ("created", other.id)], "the outbox")


def _say(database: Database, session: Session, text: str) -> Session:
    return database.write(partial(sessions.append, session=session, message=user(text)))[0]


def _texts(database: Database, session: Session) -> list[str]:
    return [stored.message.text for stored in database.read(partial(sessions.thread, session=session))]


def _appended(store: Store, database: Database, session: Session, said: list[list[str]]) -> list[list[str]]:
    """Let a process say each of the lists, and return what stands on the line of each."""
    places = together(store, "append", [[asdict(session), texts] for texts in said])
    reads = [partial(sessions.before, branch_id=place["branch_id"], seq=place["next_seq"]) for place in places]
    return [[stored.message.text for stored in database.read(read)] for read in reads]


def _damaged(session: Session, message_id: str) -> dict[str, str | int | None]:
    return {
        "id": message_id,
        "session_id": session.id,
        "branch_id": session.branch_id,
        "seq": 0,
        "parent_id": None,
        "role": "user",
        "status": "final",
        "body": dump(user("not what the checksum is of")),
        "body_sha256": "0" * 64,
        "run_id": None,
        "title": None,
        "tokens": "",
        "now": sessions.now(),
    }


CHECKS = (
    the_second_writer_forks,
    processes_fork_each_a_line,
    an_id_is_added_once,
    an_id_is_of_one_message,
    messages_never_change,
    damage_is_found,
    lists_begin_with_the_last_used,
    sessions_are_found_by_what_is_theirs_alone,
    the_outbox_tells_all_in_order,
)
