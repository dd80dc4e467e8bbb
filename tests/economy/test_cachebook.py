"""The records of caches: what they saved to the last digit, what they missed, and what the next is compared with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.breakpoints import Breakpoint, CachePlan
from agentctl.economy import cachebook, cachereport, ledger
from agentctl.economy.cachebook import Used
from agentctl.economy.cachereport import Saving
from agentctl.economy.catalog import Catalog
from agentctl.economy.footprints import footprint
from agentctl.economy.ledger import Call
from agentctl.economy.misses import Miss
from agentctl.economy.money import to_pico
from agentctl.economy.periods import DAY, Period
from agentctl.economy.pricing import price
from agentctl.economy.savings import effect, missed, uncached
from agentctl.messages import Message, Text, ToolSpec, user
from agentctl.providers.base import Request
from agentctl.settings import ModelOverride
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.migrate import load
from agentctl.store.open import connect
from agentctl.store.statements import statement
from agentctl.usage import Usage

CATALOG = Catalog(
    {
        "p/m": ModelOverride(
            input=Decimal(3),
            output=Decimal(15),
            cache_read=Decimal("0.3"),
            cache_write_short=Decimal("3.75"),
            cache_write_long=Decimal(6),
        )
    }
)
CARD, STRANGE = CATALOG.find("p/m"), CATALOG.find("p/strange")
SYSTEM = Message("system", (Text("be kind"),))
TOOL = ToolSpec("clock", "tells it", {"type": "object"})
MINUTE = 60_000_000  # µs
counts = st.integers(0, 10**6)
usages = st.builds(Usage, counts, counts, counts, counts, counts)


@pytest.fixture
def db(database: Database) -> Database:
    """The same under a shorter name."""
    return database


def request(*said: str, tools: tuple[ToolSpec, ...] = (TOOL,), model: str = "m") -> Request:
    """A request whose conversation is all to be kept."""
    messages = (SYSTEM, *(user(one) for one in said))
    plan = CachePlan((Breakpoint(len(messages) - 1),), implicit=False)
    return Request(model, messages, tools=tools, cache=plan)


class Book:
    """Calls of one session that are charged and recorded, a minute apart."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.session = db.write(sessions.create).id
        self.calls = 0

    def say(self, asked: Request, usage: Usage, **used: object) -> Miss | None:
        """Charge and record a call."""
        self.calls += 1
        at = self.calls * MINUTE
        call = Call(f"{self.session} {self.calls}", self.session, "p", asked.model)
        how = replace(Used(usage, CATALOG.find(f"p/{asked.model}"), at=at), **used)  # type: ignore[arg-type]

        def work(tx: Transaction) -> Miss | None:
            ledger.charge(tx, call, usage, price(usage, how.card, at), "final", None, None, at=at)
            return cachebook.record(tx, call, how, footprint(asked, "p", at))

        return self.db.write(work)


@given(usages, st.integers(0, 10**6))
def test_savings_are_what_the_prices_say(usage: Usage, tokens: int) -> None:
    """Without a cache all input costs what input does; nothing is rounded, and what is unknown stays unknown."""
    cost = price(usage, CARD)
    assert cost is not None
    without = usage.input * Decimal(3) / 10**6 + usage.output * Decimal(15) / 10**6
    found = effect(usage, CARD)
    assert found.saved == without - cost
    assert found.writing == (usage.cache_write_short * Decimal("0.75") + usage.cache_write_long * 3) / 10**6
    assert uncached(usage).input == usage.input
    dearest = usage.cache_write_short + usage.cache_write_long + usage.uncached_input
    most = missed(usage, dearest, CARD)
    some = missed(usage, tokens, CARD)
    assert most is not None
    assert some is not None
    assert 0 <= some <= most if tokens <= dearest else some == most
    assert effect(usage, STRANGE).saved is missed(usage, tokens, STRANGE) is None


def test_kinds_of_input_keep_their_price() -> None:
    """What was read of audio would have been audio."""
    usage = Usage(10, 90, details={"audio_read": 80, "audio_input": 5, "web_searches": 1})
    assert uncached(usage).details == {"audio_input": 85, "web_searches": 1}


def test_a_conversation_with_hits_and_a_miss(db: Database) -> None:
    """What each call saved is summed up, and the miss has its cause, its path and its price."""
    book = Book(db)
    assert book.say(request("a"), Usage(10, 0, 4000)) is None
    assert book.say(request("a", "b"), Usage(10, 4000, 100)) is None
    miss = book.say(request("a", "b", "c", tools=()), Usage(10, 0, 4200, diagnosis="tools_changed"))
    assert miss == Miss("changed", 4100, "tool `clock` was removed", "$.tools[0]", "tools_changed", MINUTE)
    (told,) = db.read(lambda tx: cachereport.misses(tx, Period(), book.session, 9))
    assert (told.cause, told.path, told.told) == ("changed", "$.tools[0]", "tools_changed")
    assert told.missed == to_pico(4100 * (Decimal("3.75") - Decimal("0.3")) / 10**6)
    saved = 4000 * (Decimal(3) - Decimal("0.3")) - (4000 + 100 + 4200) * Decimal("0.75")
    expected = Saving(3, 3, to_pico(saved / 10**6), to_pico(8300 * Decimal("0.75") / 10**6))
    assert db.read(lambda tx: cachereport.savings(tx, Period())) == {"p/m": expected}
    assert db.read(lambda tx: cachereport.savings(tx, Period(), "other")) == {}
    (one,) = db.read(lambda tx: cachereport.savings(tx, Period(2 * MINUTE, 3 * MINUTE), book.session)).values()
    assert one.calls == 1
    (tally,) = db.read(lambda tx: cachereport.tallies(tx, Period()))
    assert (tally.misses, tally.tokens, tally.missed, tally.known_misses) == (1, 4100, told.missed, 1)


def test_the_last_call_to_the_same_model_is_compared_with(db: Database) -> None:
    """Not one to another in between; the first to a model is compared with that to the other."""
    book = Book(db)
    book.say(request("a"), Usage(10, 0, 4000), response_id="msg_1", answered_by="m-1")
    switched = book.say(request("a", "b", model="n"), Usage(10, 0, 4000))
    assert switched
    assert switched.cause == "model_changed"
    assert book.say(request("a", "b", "c"), Usage(10, 4000, 100)) is None
    found = db.read(lambda tx: cachebook.before(tx, book.session, "p", "m"))
    assert found
    assert (found.footprint.model, found.footprint.at) == ("m", 3 * MINUTE)


def test_the_answer_that_a_provider_can_compare_with(db: Database) -> None:
    """It is the provider's last one in the session."""
    book = Book(db)
    for name in ("msg_1", "msg_2"):
        book.say(request("a"), Usage(10, 0, 4000), response_id=name)
    assert db.read(lambda tx: cachebook.last_response(tx, book.session, "p")) == "msg_2"
    assert db.read(lambda tx: cachebook.last_response(tx, book.session, "q")) is None


def test_behind_a_router_the_provider_counts(db: Database) -> None:
    """The model may be the same wherever it is served."""
    book = Book(db)
    book.say(request("a"), Usage(10, 0, 4000, served_by="A"), answered_by="m")
    found = book.say(request("a", "b"), Usage(4100, served_by="B"), answered_by="m")
    assert found
    assert (found.cause, found.text) == ("route_changed", "B answered, and before it A")


def test_an_estimate_says_nothing_of_a_cache(db: Database) -> None:
    """A call whose usage was never told is no miss, and what came before it stays to be compared with."""
    book = Book(db)
    book.say(request("a"), Usage(10, 0, 4000))
    assert book.say(request("x"), Usage(4000), told=False) is None
    assert book.say(request("a", "b"), Usage(10, 4000, 100)) is None


def test_a_conversation_that_is_not_kept_leaves_sums_alone(db: Database) -> None:
    """Nothing is kept of its requests."""
    call, usage = Call("c", None, "p", "m"), Usage(10, 4000)
    used = Used(usage, CARD, at=MINUTE)
    assert db.write(lambda tx: cachebook.record(tx, call, used, footprint(request("a"), "p", 0))) is None
    assert db.read(lambda tx: cachereport.savings(tx, Period()))["p/m"].calls == 1


def test_an_unknown_price_is_no_saving(db: Database) -> None:
    """Such calls and misses are counted, and in no sum."""
    book = Book(db)
    book.say(request("a", model="strange"), Usage(10, 0, 4000))
    book.say(request("x", model="strange"), Usage(10, 0, 4000))
    assert db.read(lambda tx: cachereport.savings(tx, Period())) == {"p/strange": Saving(2, 0)}
    (tally,) = db.read(lambda tx: cachereport.tallies(tx, Period()))
    assert (tally.misses, tally.known_misses, tally.missed) == (1, 0, 0)
    assert db.read(lambda tx: cachereport.misses(tx, Period(), None, 1))[0].missed is None


def test_an_uncached_call_leaves_no_sum(db: Database) -> None:
    """It would have cost the same."""
    Book(db).say(request("a"), Usage(10))
    assert db.read(lambda tx: cachereport.savings(tx, Period())) == {}


def test_names_that_no_database_keeps_are_kept_as_far_as_they_go(db: Database) -> None:
    """A provider's words are its own."""
    book = Book(db)
    book.say(request("a"), Usage(10, 0, 4000), response_id="x" * 900)
    book.say(request("b"), Usage(4000, diagnosis="\0\ud800"), answered_by="\0")
    assert db.read(lambda tx: cachereport.misses(tx, Period(), None, 1))[0].told == "??"


def test_what_requests_have_in_common_is_kept_once(tmp_path: Path) -> None:
    """Tools and system prompts of many sessions are one row each, until no request has them any more."""
    with closing(connect(f"sqlite:///{tmp_path}/a.db")) as db:
        books = [Book(db) for _ in range(3)]
        for book in books:
            book.say(request("a"), Usage(10, 0, 4000))
            book.say(request("a", "b"), Usage(10, 4000, 100))
        path = tmp_path / "a.db"
        assert _count(path, "cache_prints") == 2
        assert _count(path, "cache_footprints") == 3
        for book in books:
            book.say(request("a", tools=()), Usage(10, 0, 4000))
        assert _count(path, "cache_prints") == 2  # the new list of tools in the place of the old
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("DELETE FROM branches")
            raw.execute("DELETE FROM sessions")
            raw.commit()
        assert (_count(path, "cache_prints"), _count(path, "cache_footprints")) == (0, 0)
        assert {one.session_id for one in db.read(lambda tx: cachereport.misses(tx, Period(), None, 9))} == {None}
        assert db.read(lambda tx: cachereport.savings(tx, Period()))["p/m"].calls == 9


def _count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as raw:
        count: int = raw.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return count


moments = st.integers(-3, 3).map(lambda one: 5 * DAY + one) | st.integers(0, 9 * DAY)
records = st.lists(st.tuples(moments, st.integers(0, 1), usages, st.sampled_from(["p/m", "p/strange"])), max_size=6)


@settings(max_examples=50)
@given(records, moments, moments, st.none() | st.integers(0, 1))
def test_every_call_counts_once(
    made: list[tuple[int, int, Usage, str]], one: int, other: int, only: int | None
) -> None:
    """Each sum is what adding the calls up one by one gives, for any period, of one session or of all."""
    period = Period(min(one, other), max(one, other))

    def write(tx: Transaction) -> list[str]:
        ids = [sessions.create(tx).id for _ in range(2)]
        for number, (at, session, usage, name) in enumerate(made):
            model = name.removeprefix("p/")
            call, card = Call(str(number), ids[session], "p", model), CATALOG.find(name)
            asked = replace(footprint(request("a", model=model), "p", at), expected=usage.cache_read + 7)
            cachebook.record(tx, call, Used(usage, card, at=at), asked)
        return ids

    with closing(connect(":memory:")) as db:
        ids = db.write(write)
        session_id = None if only is None else ids[only]
        savings = db.read(lambda tx: cachereport.savings(tx, period, session_id))
        misses = db.read(lambda tx: cachereport.misses(tx, period, session_id, 99))
        tallies = db.read(lambda tx: cachereport.tallies(tx, period, session_id))
    wanted: dict[str, Saving] = {}
    for at, session, usage, name in made:
        if period.since <= at < period.until and only in {None, session} and usage.input > usage.uncached_input:
            found = effect(usage, CATALOG.find(name), at)
            known = found.saved is not None and found.writing is not None
            each = Saving(1, int(known), *(to_pico(cost or Decimal(0)) for cost in (found.saved, found.writing)))
            wanted[name] = wanted.get(name, Saving()) + each
    assert savings == wanted
    assert sum(tally.misses for tally in tallies) == len(misses)
    assert sum(tally.missed for tally in tallies) == sum(miss.missed or 0 for miss in misses)
    gaps = [miss.gap for miss in misses if miss.gap <= 60 * MINUTE]
    assert min((tally.least_gap for tally in tallies if tally.least_gap is not None), default=None) == min(
        gaps, default=None
    )
    assert max((tally.most_gap for tally in tallies if tally.most_gap is not None), default=None) == max(
        gaps, default=None
    )


@pytest.mark.parametrize("what", ["savings", "causes", "misses"])
def test_no_report_scans_the_records(what: str) -> None:
    """Sums are found by their day, records by their time or session."""
    with closing(sqlite3.connect(":memory:")) as raw:
        for migration in load("sqlite"):
            raw.executescript(migration.sql)
        values = dict.fromkeys(("since", "until", "session_id", "limit", "first", "end"), 1)
        names = (what, f"session_{what}") if what == "misses" else (what, f"{what}_edge", f"session_{what}")
        for name in names:
            plan = raw.execute(f"EXPLAIN QUERY PLAN {statement(f'caching.{name}', 'sqlite')}", values).fetchall()
            assert not [row[3] for row in plan if row[3].startswith("SCAN")], (name, plan)
