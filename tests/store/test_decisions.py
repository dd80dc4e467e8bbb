"""What was decided for turns, and what came of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conversations import say
from support.decided import answer, begin, decide, decision, outcome

from agentctl.economy import ledger
from agentctl.errors import StorageError
from agentctl.messages import ToolCall
from agentctl.store import decisions, outcomes, sessions, toolcalls
from agentctl.store.base import Database, Transaction
from agentctl.store.decisions import Decision, Row
from agentctl.store.open import connect
from agentctl.store.sessions import Session, verifying
from agentctl.store.statements import statement
from agentctl.store.toolcalls import Allowed, Ended, Round
from agentctl.usage import Usage


@pytest.fixture
def session(database: Database) -> Session:
    """A session with a question."""
    return database.write(lambda tx: say(tx, sessions.create(tx), "question"))


def only(database: Database) -> Row:
    """The only decision there is."""
    (row,) = database.read(decisions.rows)
    return row


def test_a_decision_comes_back_as_it_was(database: Database, session: Session) -> None:
    """Every field to the last bit and character, also those that are unknown."""
    odd: dict[str, Any] = {
        "policy": "sha",
        "features": "a\x00b",
        "candidates": ("p/漢", "q/x@high+v"),
        "mask": (False, True),
    }
    one = database.write(partial(decide, session_id=session.id))
    two = database.write(partial(decide, session_id=session.id, **odd, action=1, shadow=0, explored=True))
    assert [row.decision for row in database.read(decisions.rows)] == [one, two]


def test_a_zero_has_no_sign(database: Database, session: Session) -> None:
    """A cost weight of -0 is one of 0, with a checksum that holds, wherever it is kept."""
    database.write(partial(decide, session_id=session.id, cost_weight=-0.0))
    assert str(only(database).decision.cost_weight) == "0.0"
    assert database.read(partial(decisions.altered, session_id=session.id)) == []


def test_a_decision_may_come_before_its_session(database: Database) -> None:
    """It is written in the transaction that begins the session, in any order; without that it is refused."""

    def both(tx: Transaction) -> None:
        decide(tx, "s")
        sessions.create(tx, session_id="s")

    with pytest.raises(StorageError):
        database.write(partial(decide, session_id="nobody"))
    database.write(both)
    assert only(database).decision.session_id == "s"


def test_pages_are_in_order_and_complete(database: Database, session: Session) -> None:
    """Pages by the last id have each decision once, the earliest first; one after the last is empty."""
    made = [database.write(partial(decide, session_id=session.id, id=f"{number}")) for number in (3, 1, 2, 5, 4)]
    found: list[Row] = []
    while page := database.read(partial(decisions.rows, after=found[-1].decision.id if found else "", limit=2)):
        found += page
    assert [row.decision for row in found] == sorted(made, key=lambda one: one.id)


def test_tokens_are_summed_by_model(database: Database, session: Session) -> None:
    """All attempts of all calls of a turn count, each with the model that was asked, and those of others do not."""

    def turn(tx: Transaction) -> None:
        made, other = decide(tx, session.id), decide(tx, session.id)
        first = begin(tx, made)
        ledger.charge(tx, first, Usage(1, 2, 3, 4, 5), Decimal(0), "partial", None, None)
        again = begin(tx, made, call_id=first.call_id, attempt=2)
        here, _ = answer(tx, session, again, Usage(10, 20, 30, 40, 50))
        here, _ = answer(tx, here, begin(tx, made, "strong"), Usage(7))
        answer(tx, here, begin(tx, other), Usage(1000))

    database.write(turn)
    row, other = database.read(decisions.rows)
    assert row.tokens == {"p/cheap": Usage(11, 22, 33, 44, 55), "p/strong": Usage(7)}
    assert other.tokens == {"p/cheap": Usage(1000)}


def test_latency_ends_with_the_last_charge(database: Database, session: Session) -> None:
    """It is counted in µs from the decision; of a turn that nothing was charged for it is unknown."""

    def turn(tx: Transaction) -> None:
        made = decide(tx, session.id, at=1_000)
        for at in (5_000, 3_000):
            ledger.charge(tx, begin(tx, made), Usage(), Decimal(0), "final", None, None, at=at)
        decide(tx, session.id)

    database.write(turn)
    assert [row.latency for row in database.read(decisions.rows)] == [4_000, None]


def test_a_turn_is_under_way_until_it_is_settled(database: Database, session: Session) -> None:
    """It runs while a call is open, is completed by an answer, and the answer is told."""
    made = database.write(partial(decide, session_id=session.id))
    assert only(database).state == "broke_off"
    call = database.write(partial(begin, made=made))
    assert (only(database).state, only(database).message_id) == ("running", None)
    _, message_id = database.write(partial(answer, session=session, call=call, usage=Usage(1)))
    assert (only(database).state, only(database).message_id) == ("completed", message_id)


@pytest.mark.parametrize("how", ["released", "partial"])
def test_a_turn_that_broke_off(database: Database, session: Session, how: str) -> None:
    """One that nothing came of, and one with a part of an answer, are not completed."""

    def turn(tx: Transaction) -> None:
        call = begin(tx, decide(tx, session.id))
        if how == "released":
            ledger.release(tx, call)
        else:
            answer(tx, session, call, Usage(1), "partial")

    database.write(turn)
    assert only(database).state == "broke_off"


def with_tools(tx: Transaction, session: Session, made: Decision) -> tuple[Session, Round]:
    """A call whose answer asks for three tools, of which one fails and one is refused."""
    call = begin(tx, made)
    session, _ = answer(tx, session, call, Usage(1))
    around = Round(call.call_id, session)
    toolcalls.ask(tx, around, [ToolCall(f"c{number}", "shell", "{}") for number in range(3)])
    toolcalls.start(tx, call.call_id, 0, Allowed("read", "", "", "mode"))
    toolcalls.end(tx, call.call_id, 0, Ended("failed", "no"), kept=True)
    toolcalls.end(tx, call.call_id, 1, Ended("finished", "yes"), kept=True)
    toolcalls.refuse(tx, call.call_id, 2, Allowed("read", "", "", "user"))
    return session, around


def test_tools_of_a_turn(database: Database, session: Session) -> None:
    """Errors of tools are counted; a turn runs while its tools do, and is over when an answer follows them."""
    made = database.write(partial(decide, session_id=session.id))
    here, around = database.write(partial(with_tools, session=session, made=made))
    assert (only(database).state, only(database).tool_errors) == ("running", 1)
    database.write(partial(toolcalls.conclude, around=around, results=()))
    assert only(database).state == "broke_off"
    database.write(lambda tx: answer(tx, here, begin(tx, made), Usage(1)))
    assert (only(database).state, only(database).tool_errors) == ("completed", 1)


def test_outcomes_come_with_the_decision(database: Database, session: Session) -> None:
    """Those of all messages of the turn, of each grader the newest, also when they come late; none of other turns."""

    def turn(tx: Transaction, made: Decision, here: Session) -> tuple[Session, str]:
        return answer(tx, here, begin(tx, made), Usage(1))

    one, two = (database.write(partial(decide, session_id=session.id)) for _ in range(2))
    here, first = database.write(partial(turn, made=one, here=session))
    here, second = database.write(partial(turn, made=one, here=here))
    here, third = database.write(partial(turn, made=two, here=here))
    old = outcome(session.id, second, value=0.0, at=1)
    said = [outcome(session.id, first), outcome(session.id, second, at=2), outcome(session.id, third, value=0.5)]
    tests = outcome(session.id, second, grader="tests", at=1)
    for each in (*said, old, tests):
        database.write(partial(outcomes.add, outcome=each))
    found = database.read(decisions.rows)
    assert [set(row.outcomes) for row in found] == [{said[0], said[1], tests}, {said[2]}]


def test_a_call_is_of_one_decision(database: Database, session: Session) -> None:
    """It may be said again whose it is; that it is another's is refused, as is a decision that is not there."""
    one, two = (database.write(partial(decide, session_id=session.id)) for _ in range(2))
    for _ in range(2):
        database.write(partial(decisions.attach, decision_id=one.id, call_id="c"))
    for other in (two.id, "nobody"):
        with pytest.raises(StorageError):
            database.write(partial(decisions.attach, decision_id=other, call_id="c"))


@pytest.mark.parametrize(
    "fields",
    [
        {"candidates": (), "mask": ()}, {"mask": (True,)}, {"action": 2}, {"action": -1}, {"mask": (False, True)},
        {"shadow": 2}, {"shadow": -1}, {"propensity": 0.0}, {"propensity": 1.1}, {"propensity": float("nan")},
        {"cost_weight": -1.0}, {"cost_weight": float("nan")}, {"cost_weight": float("inf")},
    ],
)  # fmt: skip
def test_what_is_no_decision(fields: dict[str, Any]) -> None:
    """What could not have been decided is refused before it comes to a database."""
    with pytest.raises(ValueError, match=r"candidate|action|propensity|cost weight"):
        decision("s", **fields)


@settings(max_examples=15)
@given(st.floats(0, 1, exclude_min=True), st.floats(0, allow_infinity=False, allow_nan=False))
def test_numbers_keep_every_bit(propensity: float, cost_weight: float) -> None:
    """A propensity and a weight are read back as the very same numbers, and their checksum holds."""
    with closing(connect(":memory:")) as database:
        session = database.write(sessions.create)
        made = database.write(partial(decide, session_id=session.id, propensity=propensity, cost_weight=cost_weight))
        assert only(database).decision == made


def test_they_follow_their_session(database: Database, session: Session) -> None:
    """From the trash nothing is learnt, what is restored counts again, a copy has none, and a purge takes them away."""
    database.write(lambda tx: answer(tx, session, begin(tx, decide(tx, session.id)), Usage(1)))
    before = only(database)
    database.write(lambda tx: sessions.fork(tx, sessions.get(tx, session.id)))
    assert only(database) == before
    database.write(partial(sessions.delete, session_id=session.id))
    assert database.read(decisions.rows) == []
    database.write(partial(sessions.restore, session_id=session.id))
    assert only(database) == before
    database.write(partial(sessions.delete, session_id=session.id))
    database.write(partial(sessions.purge, session_id=session.id))
    counts = database.read(lambda tx: tx.one("transfer.counts"))
    assert counts
    assert (counts["decisions"], counts["decision_calls"]) == (0, 0)
    assert database.check() == []


CHANGES = (
    "UPDATE decisions SET action = 1",
    "DELETE FROM decisions",
    "UPDATE decision_calls SET call_id = 'x'",
    "DELETE FROM decision_calls",
)


@pytest.mark.parametrize("change", CHANGES)
def test_they_never_change(url: str, change: str) -> None:
    """Not even with SQL."""
    with closing(connect(url)) as database:
        session = database.write(sessions.create)
        database.write(lambda tx: begin(tx, decide(tx, session.id)))
        with (
            closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            raw.execute(change)


@pytest.mark.parametrize("change", ["action = 1", "propensity = 0.5", "features = 'x'", "policy = 'x'", "sha256 = ''"])
def test_a_changed_decision_is_found(url: str, change: str) -> None:
    """What a hand changed is told by who verifies, and is learnt from by nobody."""
    with closing(connect(url)) as database:
        session = database.write(sessions.create)
        made = database.write(partial(decide, session_id=session.id))
        assert database.read(partial(verifying.verify, session_id=session.id)) == []
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
            raw.execute("DROP TRIGGER decisions_are_not_updated")
            raw.execute(f"UPDATE decisions SET {change}")
            raw.commit()
        (finding,) = database.read(partial(verifying.verify, session_id=session.id))
        assert (finding.kind, finding.session_id) == ("decision", session.id)
        assert made.id in finding.text
        with pytest.raises(StorageError, match=f"decision {made.id}.*damaged") as caught:
            database.read(decisions.rows)
        assert f"sessions delete {session.id}" in (caught.value.hint or "")
        database.write(partial(sessions.delete, session_id=session.id))
        assert database.read(decisions.rows) == []


PLANS = {
    "decisions.page": (
        "d USING INDEX sqlite_autoindex_decisions_1 (id>?)",
        "s USING INDEX sqlite_autoindex_sessions_1",
    ),
    "decisions.of_session": ("decisions_by_session (session_id=?)",),
    "decisions.charges": (
        "c USING PRIMARY KEY (decision_id>? AND decision_id<?)",
        "u USING INDEX sqlite_autoindex_usage_ledger_2 (call_id=?)",
        "m USING INDEX sqlite_autoindex_messages_1 (id=?)",
    ),
    "decisions.tools": ("c USING PRIMARY KEY (decision_id>? AND decision_id<?)", "t USING PRIMARY KEY (run_id=?)"),
    "decisions.open": ("u USING INDEX sqlite_autoindex_usage_ledger_1 (id=?)", "c USING INDEX"),
    "outcomes.of_decisions": (
        "c USING PRIMARY KEY (decision_id>? AND decision_id<?)",
        "u USING INDEX sqlite_autoindex_usage_ledger_2 (call_id=?)",
        "o USING INDEX outcomes_by_message (message_id=?)",
    ),
}


@pytest.mark.parametrize("query", PLANS)
def test_what_is_learnt_from_is_found_by_indexes(url: str, query: str) -> None:
    """A page costs what is in it, however much the store holds: no table is gone through."""
    connect(url).close()
    values = dict.fromkeys(["after", "limit", "session_id", "first", "last"], "")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement(query, 'sqlite')}", values)]
    for step in PLANS[query]:
        assert [one for one in plan if step in one], plan
    assert [one for one in plan if one.startswith("SCAN") and "open_calls" not in one] == []  # those are few
