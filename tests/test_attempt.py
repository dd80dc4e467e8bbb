"""Every attempt leaves one record, and the records add up to what was billed, whenever the process dies."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loop import REQUEST, Player, collect
from support.memory import memory
from support.parts import DELTAS
from support.turns import turn as make_turn

from agentctl.agent import Agent
from agentctl.attempt import Attempt, Spent
from agentctl.draft import Draft
from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call
from agentctl.errors import UNSENT, ProviderError
from agentctl.events import AgentEvent, Delta, Done, Failed, Receipt, Retry, Sending, Start, StreamEvent, TextDelta
from agentctl.ids import new_id
from agentctl.journal import DatabaseJournal
from agentctl.messages import Message, Text
from agentctl.providers.base import Request
from agentctl.recovery import recover
from agentctl.settings import ModelOverride
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

CATALOG = Catalog({"player/m": ModelOverride(input=Decimal(1), output=Decimal(10), cache_read=Decimal("0.1"))})
INPUT = 7  # tokens that a request is estimated at
T = TypeVar("T")

counts = st.integers(0, 10**6)
costs = st.none() | st.decimals(0, 9, places=12)
usages = st.builds(Usage, counts, counts, output=counts, reported=costs)
EVENTS = DELTAS | usages | st.builds(Start, st.sampled_from(["", "m"]), st.sampled_from([None, "answer"]))


class Killed(BaseException):
    """The process died."""


@dataclass
class Mortal:
    """A database whose process dies when it is about to make the write number `dies_at`, the first being 0."""

    database: Database
    dies_at: int
    writes: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return self.database.url

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Write, unless dead."""
        self.writes += 1
        if self.writes > self.dies_at:
            raise Killed
        return self.database.submit(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Write, unless dead."""
        return self.submit(work).result()

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Read."""
        return self.database.read(work)

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        """Lock."""
        return self.database.lock(name, wait=wait)

    def check(self) -> list[str]:
        """Nothing is wrong."""
        return []

    def tidy(self, *, shrink: bool = False) -> None:
        """Nothing is to be tidied."""

    def close(self) -> None:
        """Close it."""
        self.database.close()


@dataclass(frozen=True)
class Script:
    """What a provider does: attempts that fail, each with what it bills, and then one that ends in some way."""

    failures: Sequence[Usage | None]
    deltas: int
    seen: Usage | None
    ending: Done | ProviderError | None  # None: it goes silent, and the user cancels
    named: bool
    bill: Usage | None


scripts = st.builds(
    Script,
    st.lists(st.none() | usages, max_size=3),
    st.integers(0, 3),
    st.none() | usages,
    st.none()
    | st.builds(Done, st.just(Message("assistant", (Text("x"),))), st.none() | usages, st.just("end_turn"))
    | st.builds(lambda usage, billable: ProviderError("no", usage=usage, billable=billable), usages, st.booleans()),
    st.booleans(),
    st.none() | usages,
)


@dataclass
class Service(Player):
    """Plays a `Script`, and looks each time it sends whether that attempt, and it alone, is reserved."""

    script: Any = ()
    plays: Script = field(kw_only=True)
    database: Database = field(kw_only=True)
    sent: int = 0

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Play it."""
        for number, billed in enumerate(self.plays.failures, 1):
            yield Sending()
            self._send()
            yield Start("m", f"failed-{number}")
            yield Retry(number, 0, "overloaded", billed)
        yield Sending()
        self._send()
        if self.plays.named:
            yield Start("m", "answer")
        for number in range(self.plays.deltas):
            yield TextDelta(f"word {number} ")
            if number == 0 and self.plays.seen:
                yield self.plays.seen
        match self.plays.ending:
            case None:
                task = asyncio.current_task()
                assert task
                task.cancel()
                await asyncio.Event().wait()
            case Done():
                yield self.plays.ending
            case error:
                raise error

    async def charged(self, response_id: str) -> Usage | None:
        """What the script says."""
        assert response_id == "answer"
        return self.plays.bill

    def _send(self) -> None:
        self.sent += 1
        assert [one.call.attempt for one in self.database.read(ledger.open_calls)] == [self.sent]


@contextmanager
def database() -> Iterator[tuple[Database, Path]]:
    """A database file."""
    with tempfile.TemporaryDirectory(dir=memory()) as home:
        path = Path(home) / "agentctl.db"
        with closing(connect(f"sqlite:///{path}")) as opened:
            yield opened, path


def _rows(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        return [dict(row) for row in raw.execute("SELECT * FROM usage_ledger ORDER BY attempt, id")]


def _play(script: Script, db: Database, session_id: str) -> tuple[Service, list[AgentEvent]]:
    service = Service(plays=script, database=db)
    turn = make_turn(Call(new_id(), session_id, "player", "m"), CATALOG.find("player/m"), INPUT)
    return service, asyncio.run(collect(Agent(service, DatabaseJournal(db, CATALOG, turn), "player/m").run(REQUEST)))


def _check_one_record_each(rows: Sequence[dict[str, Any]], sent: int) -> list[dict[str, Any]]:
    """Each attempt that was sent, and at most one that was about to be, is reserved and settled once."""
    reserved = [row["attempt"] for row in rows if row["kind"] == "reserve"]
    settled = [row for row in rows if row["kind"] != "reserve"]
    assert reserved == [row["attempt"] for row in settled] == list(range(1, len(reserved) + 1))
    assert sent <= len(reserved) <= sent + 1
    return settled


@given(scripts)
@settings(max_examples=60)
def test_the_records_are_what_was_billed(script: Script) -> None:
    """Attempts that are billed are charged what the provider says, others nothing; the receipt is their sum."""
    with database() as (db, path):
        session_id = new_id()
        service, events = _play(script, db, session_id)
        settled = _check_one_record_each(_rows(path), service.sent)
        assert len(settled) == service.sent == len(script.failures) + 1
        for row, billed in zip(settled, script.failures, strict=False):
            _check_billed(row, billed)
        charges = [row for row in settled if row["kind"] == "charge"]
        cost = sum(row["computed_pusd"] if (r := row["reported_pusd"]) is None else r for row in charges)
        receipt = next(event for event in reversed(events) if isinstance(event, Receipt))
        total = db.read(lambda tx: ledger.session_cost(tx, session_id))
        assert (total.known, total.unknown_calls) == (Decimal(cost).scaleb(-12), 0)
        assert (receipt.cost, receipt.session_cost, receipt.attempts) == (total.known, total.known, service.sent)
        assert receipt.computed_cost == Decimal(sum(row["computed_pusd"] for row in charges)).scaleb(-12)
        assert receipt.usage.buckets() == {name: sum(row[name] for row in charges) for name in Usage().buckets()}
        _check_last(settled[-1], script, failed=isinstance(events[-1], Failed))


def _check_billed(row: dict[str, Any], billed: Usage | None) -> None:
    if billed is None:
        assert row["kind"] == "release"
    else:
        assert (row["kind"], row["status"], row["response_id"]) == ("charge", "partial", f"failed-{row['attempt']}")
        assert {name: row[name] for name in billed.buckets()} == billed.buckets()


def _check_last(row: dict[str, Any], script: Script, *, failed: bool) -> None:
    """The final word if there was one; else never less than what was reported."""
    told = script.ending.usage if isinstance(script.ending, Done | ProviderError) else None
    seen = script.seen if script.deltas else None
    asked = script.bill if script.named else None
    words = script.deltas if script.ending is None else 0
    rest = -(-len("word 0 ") * (words - (seen is not None)) // 4) if words else 0
    assert row["kind"] == "charge"
    assert row["response_id"] == ("answer" if script.named else None)
    if final := told if isinstance(script.ending, Done) and told else asked:
        assert (row["status"], row["output"], row["uncached_input"]) == ("final", final.output, final.uncached_input)
    elif known := told or seen:
        assert row["status"] == "partial"
        assert row["output"] == known.output + rest or script.ending is not None
        assert row["output"] >= known.output
        assert (row["uncached_input"], row["cache_read"]) == (known.uncached_input, known.cache_read)
    else:
        assert (row["status"], row["uncached_input"]) == ("estimated", INPUT)
        assert row["output"] == rest or script.ending is not None
    assert failed is isinstance(script.ending, ProviderError)


@given(scripts, st.integers(0, 12))
@settings(max_examples=80)
def test_a_process_that_dies_leaves_no_attempt_without_a_record(script: Script, dies_at: int) -> None:
    """Before whichever write it dies, whoever comes next settles what was under way, and nothing twice."""
    with database() as (db, path):
        mortal = Mortal(db, dies_at)
        service = Service(plays=script, database=mortal)
        call = Call(new_id(), new_id(), "player", "m")
        turn = make_turn(call, CATALOG.find("player/m"), INPUT)
        agent = Agent(service, DatabaseJournal(mortal, CATALOG, turn), "player/m")
        dead = False
        try:
            asyncio.run(collect(agent.run(REQUEST)))
        except Killed:
            dead = True
        for _ in range(2):
            recover(db, CATALOG)
        settled = _check_one_record_each(_rows(path), service.sent)
        assert db.read(ledger.open_calls) == []
        if dead and settled and settled[-1]["status"] == "estimated":
            assert settled[-1]["uncached_input"] == INPUT
        if not dead:
            assert len(settled) == service.sent


@given(batches=st.lists(st.lists(EVENTS, max_size=6), min_size=1, max_size=3), keep=st.booleans())
@settings(max_examples=15)
def test_a_kill_costs_what_an_interrupt_costs(batches: list[list[StreamEvent]], *, keep: bool) -> None:
    """Once all that came is written, whoever recovers the call charges what its own process would have charged."""
    sent = make_turn(Call(new_id(), new_id(), "player", "m"), CATALOG.find("player/m"), INPUT)
    if not keep:  # then no words are at hand when it is recovered: those are charged that were counted
        sent = replace(sent, call=replace(sent.call, session_id=None))
    with database() as (db, path):
        asyncio.run(_write(DatabaseJournal(db, CATALOG, sent), batches))
        recover(db, CATALOG)
        (killed,) = (row for row in _rows(path) if row["kind"] == "charge")
    attempt = Attempt()
    for event in chain(*batches):
        if keep or not isinstance(event, Delta):
            attempt.follow(event)
    with database() as (db, path):
        asyncio.run(_settle(DatabaseJournal(db, CATALOG, sent), attempt.spent("player")))
        (interrupted,) = (row for row in _rows(path) if row["kind"] == "charge")
    different = {"id", "created_at", "message_id"}
    assert {**killed, **dict.fromkeys(different)} == {**interrupted, **dict.fromkeys(different)}


async def _write(journal: DatabaseJournal, batches: Sequence[Sequence[StreamEvent]]) -> None:
    """Make each batch durable, and no more."""
    await journal.begin(REQUEST)
    await journal.send()
    draft = Draft(journal.draft)
    for batch in batches:
        for event in batch:
            if isinstance(event, Delta):
                draft.add(event)
            elif isinstance(event, Start | Usage):
                draft.hear(event)
        await draft.save()


async def _settle(journal: DatabaseJournal, spent: Spent) -> None:
    await journal.begin(REQUEST)
    await journal.send()
    await journal.settle(None, spent)


def test_what_was_told_again_covers_no_more() -> None:
    """A usage counts for what came before it was first told."""
    attempt = Attempt()
    for event in (TextDelta("a"), Usage(1, output=1), TextDelta("b"), Usage(1, output=1), TextDelta("c")):
        attempt.follow(event)
    assert attempt.spent("p") == Spent(Usage(1, output=1), "partial", (Text("bc"),))


def test_a_later_start_takes_no_name_away() -> None:
    """Who is announced before the answer begins is still known after."""
    attempt = Attempt()
    attempt.follow(Start("m", "answer-1"))
    attempt.follow(Start(""))
    assert attempt.spent("p") == Spent(None, "estimated", (), "m", "answer-1")


@pytest.mark.parametrize("ending", [asyncio.CancelledError(UNSENT), asyncio.CancelledError()])
def test_only_what_was_sent_is_charged(ending: asyncio.CancelledError) -> None:
    """A turn that ends while the second attempt waits is charged for the first alone."""

    class Waiting(Player):
        async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
            yield Sending()
            yield Retry(1, 0, "overloaded", Usage(5))
            yield Sending()
            raise ending

    with database() as (db, path):
        turn = make_turn(Call(new_id(), None, "player", "m"), CATALOG.find("player/m"), INPUT)
        agent = Agent(Waiting([]), DatabaseJournal(db, CATALOG, turn), "player/m")
        events = asyncio.run(collect(agent.run(REQUEST)))
        (receipt,) = (event for event in events if isinstance(event, Receipt))
        kinds = [row["kind"] for row in _check_one_record_each(_rows(path), 1)]
    sent = not ending.args
    assert kinds == ["charge", "charge" if sent else "release"]
    assert receipt.usage.uncached_input == (5 + INPUT if sent else 5)
    assert receipt.cost == Decimal(receipt.usage.uncached_input).scaleb(-6)
