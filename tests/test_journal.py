"""Recording turns, and putting right what dead processes left."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from agentctl.attempt import Spent
from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call
from agentctl.errors import StorageError
from agentctl.events import Delta, TextDelta, ThinkingDelta
from agentctl.ids import new_id
from agentctl.journal import DatabaseJournal, Turn, recover
from agentctl.messages import Message, Text, Thinking, user
from agentctl.settings import ModelOverride
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.usage import Usage

CATALOG = Catalog({"compatible/m": ModelOverride(input=Decimal(1), output=Decimal(10))})


@pytest.fixture
def db() -> Database:
    """An empty database in memory."""
    return connect(":memory:")


def _turn(*, keep: bool = True) -> Turn:
    call = Call(new_id(), new_id() if keep else None, "compatible", "m")
    return Turn(call, CATALOG.find("compatible/m"), None, (user("hi"),), 7)


def _thread(db: Database, turn: Turn) -> list[sessions.Stored]:
    session_id = turn.call.session_id
    assert session_id
    return db.read(lambda tx: sessions.thread(tx, sessions.get(tx, session_id)))


def _begin(db: Database, turn: Turn, *deltas: Delta) -> DatabaseJournal:
    journal = DatabaseJournal(db, CATALOG, turn)

    async def run() -> None:
        await journal.begin()
        for delta in deltas:
            await journal.draft([delta])

    asyncio.run(run())
    return journal


def test_a_settled_turn_is_question_answer_and_charge(db: Database) -> None:
    """The receipt tells the exact cost; nothing is open afterwards."""
    turn = _turn()
    journal = _begin(db, turn, TextDelta("he"), TextDelta("y"))
    answer = Message("assistant", (Text("hey"),), "compatible/m", "end_turn")
    receipt = asyncio.run(journal.settle(answer, Spent(Usage(uncached_input=5, output=2), "final")))
    assert receipt.cost == receipt.session_cost == Decimal("0.000025")
    assert [(one.message, one.status) for one in _thread(db, turn)] == [(user("hi"), "final"), (answer, "final")]
    assert receipt.message_id == _thread(db, turn)[1].id
    assert db.read(ledger.open_calls) == []
    assert db.read(sessions.drafts) == []


def test_a_released_turn_keeps_the_question_and_costs_nothing(db: Database) -> None:
    """What the user said is stored; there is no charge."""
    turn = _turn()
    asyncio.run(_begin(db, turn).release())
    assert [one.message for one in _thread(db, turn)] == [user("hi")]
    assert db.read(ledger.open_calls) == []


def test_a_dead_process_leaves_a_partial_answer_and_an_estimated_charge(db: Database) -> None:
    """Recovery joins the draft's pieces into one message and books the call, once."""
    turn = _turn()
    _begin(db, turn, ThinkingDelta("hm"), TextDelta("par"), TextDelta("tial"))
    for _ in range(2):
        recover(db, CATALOG)
    question, answer = _thread(db, turn)
    assert question.message == user("hi")
    assert answer.message.parts == (Thinking("hm", None, "compatible"), Text("partial"))
    assert (answer.status, answer.message.stop_reason) == ("partial", "error")
    session_id = turn.call.session_id
    assert session_id
    cost = db.read(lambda tx: ledger.session_cost(tx, session_id))
    assert (cost.known > 0, cost.unknown_calls) == (True, 0)


def test_a_call_without_a_session_is_booked_too(db: Database) -> None:
    """With --no-save a killed call still costs, and leaves no words behind."""
    _begin(db, _turn(keep=False), TextDelta("secret"))
    recover(db, CATALOG)
    assert db.read(ledger.open_calls) == []
    assert db.read(lambda tx: sessions.listing(tx, 10)) == []


def test_a_turn_under_way_is_left_alone(db: Database) -> None:
    """Its process holds the session's lock; only who holds it may recover the session."""
    turn = _turn()
    _begin(db, turn, TextDelta("par"))
    name = turn.call.session_id
    assert name
    with db.lock(name, wait=0):
        recover(db, CATALOG)
        assert len(db.read(ledger.open_calls)) == 1
        recover(db, CATALOG, held=name)
    assert db.read(ledger.open_calls) == []


def test_a_turn_that_could_not_begin_leaves_nothing(db: Database) -> None:
    """Messages, draft and reservation come together or not at all; releasing what never began is harmless."""
    turn = _turn()
    _begin(db, turn)
    twice = DatabaseJournal(db, CATALOG, turn)  # the same session again: it exists
    with pytest.raises(StorageError):
        asyncio.run(twice.begin())
    asyncio.run(twice.release())
    assert not twice.begun
    assert len(_thread(db, turn)) == 1
    assert len(db.read(ledger.open_calls)) == 1
