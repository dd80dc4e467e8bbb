"""Looking for what is damaged: each kind of damage is found, and what is sound is not complained of."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from support.conversations import say, spoil

from agentctl import asking
from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.errors import StorageError
from agentctl.messages import Message, ToolCall, ToolResult, user
from agentctl.store import search, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session, verifying
from agentctl.usage import Usage


def fill(tx: Transaction) -> Session:
    """A session of three messages and a branch at the second, with a cost; and another one, beside it."""
    beside = say(tx, sessions.create(tx, "beside"), "x", "y")
    early = say(tx, sessions.create(tx, "s"), "a", "b")
    session = say(tx, early, "c")
    say(tx, early, "d")
    for one in (beside, session):
        ledger.charge(tx, Call(one.id, one.id, "openai", "gpt"), Usage(1, output=1), Decimal(1), "final", None, None)
    return session


def found(database: Database) -> list[tuple[str, str | None]]:
    """What is found: its kind, and the name of its session."""

    def work(tx: Transaction) -> list[tuple[str, str | None]]:
        each = [one for session_id in verifying.all_ids(tx) for one in verifying.verify(tx, session_id)]
        every = [*each, *verifying.verify_rest(tx)]
        return [(one.kind, sessions.get(tx, one.session_id).name if one.session_id else None) for one in every]

    return database.read(work)


A = "(SELECT id FROM messages WHERE body LIKE '%\"a\"%')"
B = "(SELECT id FROM messages WHERE body LIKE '%\"b\"%')"
ROOT = "(SELECT active_branch_id FROM sessions WHERE name = 's')"
SIDE = "(SELECT id FROM branches WHERE parent_branch_id IS NOT NULL)"
OTHER = "(SELECT active_branch_id FROM sessions WHERE name = 'beside')"

EMPTY = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"  # the checksum of []
SUM = "scope = 'session' AND session_id = (SELECT id FROM sessions WHERE name = 's')"

DAMAGE = {
    "a body that changed": (f"UPDATE messages SET body = body || ' ' WHERE id = {A}", "damaged"),
    "a checksum that changed": (f"UPDATE messages SET body_sha256 = 'x' WHERE id = {A}", "damaged"),
    "a body that is none": (
        f"UPDATE messages SET body = '[]', body_sha256 = '{EMPTY}' WHERE id = {A}",
        "damaged",
    ),
    "another role": (f"UPDATE messages SET role = 'system' WHERE id = {A}", "damaged"),
    "a message that is missing": (f"DELETE FROM messages WHERE id = {B}", "order"),
    "another parent": (f"UPDATE messages SET parent_id = NULL WHERE id = {B}", "order"),
    "a parent for the first": (f"UPDATE messages SET parent_id = {B} WHERE id = {A}", "order"),
    "a place that was skipped": (f"UPDATE branches SET next_seq = next_seq + 1 WHERE id = {ROOT}", "order"),
    "a fork after the end": (f"UPDATE branches SET fork_seq = 9, next_seq = 10 WHERE id = {SIDE}", "branch"),
    "a circle": (f"UPDATE branches SET parent_branch_id = {SIDE} WHERE id = {ROOT}", "branch"),
    "an orphan": (f"UPDATE branches SET parent_branch_id = NULL WHERE id = {SIDE}", "branch"),
    "a strange parent": (f"UPDATE branches SET parent_branch_id = {OTHER} WHERE id = {SIDE}", "branch"),
    "a strange active branch": (f"UPDATE sessions SET active_branch_id = {OTHER} WHERE name = 's'", "branch"),
    "a draft of no call": (
        f"INSERT INTO drafts SELECT 'r', session_id, id, NULL, 0, 0 FROM branches WHERE id = {ROOT}",
        "draft",
    ),
    "a sum that is off": (f"UPDATE usage_sums SET known_rest = known_rest + 1 WHERE {SUM}", "ledger"),
    "a sum that is missing": (f"DELETE FROM usage_sums WHERE {SUM}", "ledger"),
    "words that nobody finds": (f"DELETE FROM search_documents WHERE message_id = {A}", "search"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(url: str, damage: str) -> None:
    """What is wrong with a session is told of it and of no other."""
    change, kind = DAMAGE[damage]
    with closing(connect(url)) as database:
        database.write(fill)
        search.catch_up(database)
        assert found(database) == []
    spoil(Path(url.removeprefix("sqlite:///")), change)
    with closing(connect(url)) as database:
        assert set(found(database)) == {(kind, "s")}


CALL = Message("assistant", (ToolCall("t1", "read", "{}"),), "m/m")
RESULT = Message("tool", (ToolResult("t1", "x"),))
TOOLS = {
    "a call and its result": ([CALL, RESULT, user("b")], 0),
    "a call that is under way": ([user("a"), CALL], 0),
    "a call that nothing answers": ([CALL, user("b")], 1),
    "a result that nothing called": ([user("a"), RESULT], 1),
    "a result before its call": ([RESULT, CALL], 1),
    "the same id once more": ([CALL, RESULT, CALL, RESULT], 0),
}


@pytest.mark.parametrize("case", TOOLS)
def test_orphan_tool_calls_are_found(database: Database, case: str) -> None:
    """Calls without a result and results without a call are wrong, but for a call that nothing follows."""
    said, wrong = TOOLS[case]

    def work(tx: Transaction) -> list[verifying.Finding]:
        session = sessions.create(tx)
        for message in said:
            session, _ = sessions.append(tx, session, message)
        return verifying.verify(tx, session.id)

    assert [one.kind for one in database.write(work)] == ["tool_call"] * wrong


def test_a_conversation_goes_on_without_what_is_damaged(url: str) -> None:
    """Damage is an error until it is set aside; then something stands in for it, and what is asked leaves it out."""
    with closing(connect(url)) as database:
        session = database.write(fill)
        second = database.read(lambda tx: sessions.thread(tx, session))[1]
    spoil(Path(url.removeprefix("sqlite:///")), f"UPDATE messages SET body = 'x' WHERE id = '{second.id}'")
    with closing(connect(url)) as database:
        with pytest.raises(StorageError, match=f"message {second.id} is damaged") as caught:
            database.read(lambda tx: asking.read(tx, session.id))
        assert "sessions verify --quarantine" in str(caught.value.hint)
        assert database.write(lambda tx: sessions.set_aside(tx, second.id, "why"))
        assert not database.write(lambda tx: sessions.set_aside(tx, second.id, "why"))
        thread = database.read(lambda tx: sessions.thread(tx, session))
        assert [stored.status for stored in thread] == ["final", "damaged", "final"]
        assert thread[1].message.text == f"[message {second.id} is damaged and was set aside]"
        history = database.read(lambda tx: asking.read(tx, session.id))
        assert [message.text for message in history.messages if message.parts] == ["a", "c"]
        assert history.damaged == (second.id,)
        assert second.id in str(asking.left_out(history))
        assert set(found(database)) == {("set_aside", "s")}
        database.write(lambda tx: say(tx, sessions.get(tx, session.id), "d"))
        assert len(database.read(lambda tx: asking.read(tx, session.id)).messages) == 4
