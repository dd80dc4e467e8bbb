"""Recording turns, and putting right what dead processes left."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.turns import REQUEST
from support.turns import turn as make_turn

from agentctl.attempt import Spent
from agentctl.draft import Piece
from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call
from agentctl.errors import StorageError
from agentctl.events import Delta, Receipt, Start, TextDelta, ThinkingDelta
from agentctl.ids import new_id
from agentctl.journal import DatabaseJournal, Turn
from agentctl.messages import Message, Text, Thinking, user
from agentctl.recovery import recover
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
    return make_turn(call, CATALOG.find("compatible/m"), 7)


def _thread(db: Database, turn: Turn) -> list[sessions.Stored]:
    session_id = turn.call.session_id
    assert session_id
    return db.read(lambda tx: sessions.thread(tx, sessions.get(tx, session_id)))


def _begin(db: Database, turn: Turn, *deltas: Delta) -> DatabaseJournal:
    journal = DatabaseJournal(db, CATALOG, turn)

    async def run() -> None:
        await journal.begin(REQUEST)
        await journal.send()
        for delta in deltas:
            await journal.draft(Piece(deltas=(delta,)))

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


ROUTED = Catalog(
    {
        "router/auto": ModelOverride(max_output=5),
        "router/small": ModelOverride(input=Decimal(1), output=Decimal(1)),
        "router/large": ModelOverride(input=Decimal(3), output=Decimal(3)),
    }
)
USED = Usage(uncached_input=10**6)


def _rows(path: Path, kind: str = "charge") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        return [dict(row) for row in raw.execute("SELECT * FROM usage_ledger WHERE kind = ?", [kind])]


def _settle(db: Database, asked: str, spent: Spent) -> Receipt:
    """Settle a turn with the model `router/ASKED`."""
    turn = make_turn(Call(new_id(), new_id(), "router", asked), ROUTED.find(f"router/{asked}"), 7)
    journal = DatabaseJournal(db, ROUTED, turn)

    async def run() -> Receipt:
        await journal.begin(REQUEST)
        await journal.send()
        return await journal.settle(None, spent)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("asked", "answered", "cost"),
    [
        ("auto", "large", 3),  # a router
        ("small", "large", 3),  # a fallback
        ("small", "small", 1),
        ("small", None, 1),
        ("small", "small-2026-11-24", 1),  # a snapshot
        ("small", "some file.gguf", 1),  # a server's own name
        ("auto", "some file.gguf", None),
    ],
)
def test_the_model_that_answered_is_paid_for(db: Database, asked: str, answered: str | None, cost: int | None) -> None:
    """Another than was asked has its own price, if that is known; a mere other name loses no price."""
    receipt = _settle(db, asked, Spent(USED, "final", model=answered))
    assert receipt.cost == receipt.computed_cost == (None if cost is None else Decimal(cost))
    assert receipt.reported_cost is None


@pytest.mark.parametrize(("asked", "computed"), [("small", Decimal(1)), ("auto", None)])
def test_what_the_provider_charged_is_what_it_cost(db: Database, asked: str, computed: Decimal | None) -> None:
    """The reported cost counts, also where ours is unknown; ours is kept beside it."""
    receipt = _settle(db, asked, Spent(replace(USED, reported=Decimal("1.25")), "final"))
    assert (receipt.cost, receipt.session_cost) == (Decimal("1.25"), Decimal("1.25"))
    assert (receipt.computed_cost, receipt.reported_cost) == (computed, Decimal("1.25"))


@pytest.mark.parametrize("reported", ["-1", "NaN", "Infinity", "1e30"])
def test_a_reported_cost_that_cannot_be_true_is_none(db: Database, reported: str) -> None:
    """Then the computed one counts."""
    receipt = _settle(db, "small", Spent(replace(USED, reported=Decimal(reported)), "final"))
    assert (receipt.cost, receipt.reported_cost) == (Decimal(1), None)


def test_what_is_known_of_an_attempt_is_kept(tmp_path: Path) -> None:
    """The provider's name for the answer, the model that gave it, and the tier; odd names as far as possible."""
    path = tmp_path / "agentctl.db"
    usage = Usage(1, output=2, service_tier="flex", reported=Decimal("0.5"))
    with closing(connect(f"sqlite:///{path}")) as db:
        _settle(db, "small", Spent(usage, "final", (), "large", "answer-1"))
        _settle(db, "small", Spent(usage, "partial", (), "small", "\ud800\0" + 1000 * "x"))
    first, second = sorted(_rows(path), key=lambda row: row["created_at"])
    assert (first["answered_by"], first["response_id"], first["service_tier"]) == ("large", "answer-1", "flex")
    assert first["reported_pusd"] == 5 * 10**11
    assert second["answered_by"] is None
    assert second["response_id"] == "??" + 498 * "x"


def test_a_dead_process_leaves_who_was_answering(tmp_path: Path) -> None:
    """Its call is booked when it was made, at the price of whoever answered, and can still be asked about."""
    path = tmp_path / "agentctl.db"
    call = Call(new_id(), new_id(), "router", "auto", tag="night")
    turn = make_turn(call, ROUTED.find("router/auto"), 10**6)
    with closing(connect(f"sqlite:///{path}")) as db:
        journal = DatabaseJournal(db, ROUTED, turn)

        async def run() -> None:
            await journal.begin(REQUEST)
            await journal.send()
            await journal.draft(Piece(Start("auto", "answer-1")))
            await journal.draft(Piece(Start("large"), deltas=(TextDelta("x"),)))

        asyncio.run(run())
        recover(db, ROUTED)
    (charge,), (reservation,) = _rows(path), _rows(path, "reserve")
    assert (charge["status"], charge["response_id"], charge["answered_by"]) == ("estimated", "answer-1", "large")
    assert (charge["tag"], charge["created_at"]) == ("night", reservation["created_at"])
    assert charge["computed_pusd"] == 3 * (10**12 + 10**6)


TOLD = Usage(9, 500_000, 3, 4, 5, {"cached": 500_000}, {"reasoning": 2}, service_tier="flex", reported=Decimal("0.25"))


@pytest.mark.parametrize("keep", [True, False])
def test_a_dead_process_leaves_what_was_reported(tmp_path: Path, *, keep: bool) -> None:
    """It is charged as the provider told it last, and of the words only what came after that is estimated."""
    path = tmp_path / "agentctl.db"
    call = Call(new_id(), new_id() if keep else None, "router", "small")
    turn = make_turn(call, ROUTED.find("router/small"), 7)
    with closing(connect(f"sqlite:///{path}")) as db:
        journal = DatabaseJournal(db, ROUTED, turn)

        async def run() -> None:
            await journal.begin(REQUEST)
            await journal.send()
            await journal.draft(Piece(Start("small", "answer-1"), (), Usage(1), (TextDelta("x" * 400),)))
            await journal.draft(Piece(None, (TextDelta("y" * 400),), TOLD, (TextDelta("z" * 40),)))
            await journal.draft(Piece(deltas=(TextDelta("z" * 40),)))

        asyncio.run(run())
        recover(db, ROUTED)
        if keep:
            assert _thread(db, turn)[-1].message.text == "x" * 400 + "y" * 400 + "z" * 80
    (charge,) = _rows(path)
    assert (charge["status"], charge["response_id"], charge["service_tier"]) == ("partial", "answer-1", "flex")
    assert (charge["raw_usage"], charge["reported_pusd"]) == ('{"cached": 500000}', 25 * 10**10)
    rest = 20 if keep else 0  # what is not kept can't be counted
    assert {name: charge[name] for name in TOLD.buckets()} == TOLD.buckets() | {"output": 5 + rest}


def test_what_a_failed_attempt_was_told_is_not_of_the_next(tmp_path: Path) -> None:
    """An attempt that dies before a word of its provider is charged an estimate of its own."""
    path = tmp_path / "agentctl.db"
    turn = make_turn(Call(new_id(), new_id(), "router", "small"), ROUTED.find("router/small"), 7)
    with closing(connect(f"sqlite:///{path}")) as db:
        journal = DatabaseJournal(db, ROUTED, turn)

        async def run() -> None:
            await journal.begin(REQUEST)
            await journal.send()
            await journal.draft(Piece(Start("small", "failed"), (), TOLD))
            await journal.fail(None)
            await journal.again()
            await journal.send()

        asyncio.run(run())
        recover(db, ROUTED)
    (charge,) = _rows(path)
    assert (charge["status"], charge["response_id"], charge["uncached_input"]) == ("estimated", None, 7)


def test_a_turn_that_could_not_begin_leaves_nothing(db: Database) -> None:
    """Messages, draft and reservation come together or not at all; releasing what never began is harmless."""
    turn = _turn()
    _begin(db, turn)
    twice = DatabaseJournal(db, CATALOG, turn)  # the same session again: it exists
    with pytest.raises(StorageError):
        asyncio.run(twice.begin(REQUEST))
    asyncio.run(twice.release())
    assert not twice.begun
    assert len(_thread(db, turn)) == 1
    assert len(db.read(ledger.open_calls)) == 1


def test_a_turn_that_was_taken_for_dead_loses_nothing(db: Database) -> None:
    """Its answer comes as a whole, on a branch of its own; it is charged once, at what it cost; the user is told."""
    turn, told = _turn(), list[str]()
    journal = DatabaseJournal(db, CATALOG, turn, told.append)

    async def run() -> Receipt:
        await journal.begin(REQUEST)
        await journal.send()
        await journal.draft(Piece(deltas=(TextDelta("Hel"),)))
        await asyncio.to_thread(recover, db, CATALOG)
        await journal.draft(Piece(deltas=(TextDelta("lo"),)))
        spent = Spent(Usage(uncached_input=7, output=20), "final")
        return await journal.settle(Message("assistant", (Text("Hello"),), "compatible/m", "end_turn"), spent)

    receipt = asyncio.run(run())
    assert turn.call.session_id
    session_id = turn.call.session_id
    assert [stored.message.text for stored in _thread(db, turn)][1:] == ["Hel"]
    branches = db.read(lambda tx: sessions.branches(tx, session_id))
    said = db.read(lambda tx: [stored.message.text for stored in sessions.every(tx, session_id)])
    assert (len(branches), said.count("Hello")) == (2, 1)
    assert receipt.cost == receipt.session_cost == Decimal(207).scaleb(-6)
    assert ["sessions branches" in line for line in told] == [True]
    assert db.read(ledger.open_calls) == []


def test_prices_are_those_of_who_asked(db: Database) -> None:
    """Whoever settles the call of a dead process at other prices does not know what it cost, and says so."""
    for catalog, known in ((CATALOG, True), (Catalog(), False)):
        turn = _turn()
        _begin(db, turn, TextDelta("Hel"))
        recover(db, catalog)
        assert turn.call.session_id
        cost = db.read(lambda tx, turn=turn: ledger.session_cost(tx, turn.call.session_id))  # type: ignore[misc]
        assert (cost.total is not None) is known


def test_one_call_that_cannot_be_put_right_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    """The others are put right, and nothing is raised."""
    path = tmp_path / "agentctl.db"
    with closing(connect(f"sqlite:///{path}")) as db:
        turns = [_turn() for _ in range(3)]
        for turn in turns:
            _begin(db, turn, TextDelta("Hel"))
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("UPDATE draft_chunks SET chunk = '{' WHERE run_id = ?", [turns[0].call.call_id])
        recover(db, CATALOG)
        assert [left.call.call_id for left in db.read(ledger.open_calls)] == [turns[0].call.call_id]
