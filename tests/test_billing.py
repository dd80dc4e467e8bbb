"""Whatever goes wrong with a call, the ledger has each attempt once, and charges what the vendor bills for it."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.memory import memory
from support.program import PATIENCE, Program
from support.vendors.bill import Cache
from support.vendors.books import Entry, charged, entries, wait_named
from support.vendors.openrouter import OpenRouter
from support.vendors.plan import Break, Call, Plan, Refuse, Reset, Say, Think
from support.vendors.street import MODELS, Traveller, configuration, environment, open_street, run
from support.vendors.vendor import Vendor

from agentctl.conversation import Conversation, Options
from agentctl.events import Failed
from agentctl.messages import user

NAMES = tuple(MODELS)
Vendors = Mapping[str, Vendor]

BEHIND = 0.25  # seconds that what is on record may lag behind what the provider told
WORDS = Say("These are words enough for a good many pieces of an answer, é.")
FINE = Plan(Think("hm, let me see"), WORDS)
FINAL, FREE = ("charge", "final"), ("release", "final")
PARTIAL, ESTIMATED = ("charge", "partial"), ("charge", "estimated")
Ways = list[tuple[str, str]]


class Case(NamedTuple):
    """Plans of a vendor, and how each attempt is settled, with another way where a vendor tells more or less.

    `unsure` are those where the bill can't be known: what is charged is then no less than what was reported.
    """

    plans: tuple[Plan, ...]
    ways: Ways
    others: Mapping[str, Ways] = {}
    unsure: tuple[str, ...] = ()
    fails: bool = False


def _broken(after: int, how: str) -> Plan:
    return Plan(WORDS, fault=Break(after, how))  # type: ignore[arg-type] # the names of the table


# Who tells its usage: Anthropic at the beginning and at the end, Gemini with each chunk, OpenRouter with its errors and
# when it is asked afterwards, the others at the end alone.
CASES = {
    "all is well": Case((FINE,), [FINAL]),
    "a rate limit, then an answer": Case((Plan(fault=Refuse(429)), FINE), [FREE, FINAL]),
    "an error of the server, then an answer": Case((Plan(fault=Refuse(500)), FINE), [FREE, FINAL]),
    "overload, then an answer": Case((Plan(fault=Refuse(529)), FINE), [FREE, FINAL]),
    "a rate limit and overload, then words that break off": Case(
        (Plan(fault=Refuse(429)), Plan(fault=Refuse(529)), _broken(4, "end")),
        [FREE, FREE, ESTIMATED],
        {"anthropic": [FREE, FREE, PARTIAL], "google": [FREE, FREE, PARTIAL], "openrouter": [FREE, FREE, FINAL]},
        unsure=("openai", "anthropic", "lab"),
        fails=True,
    ),
    "nothing but errors": Case(tuple(Plan(fault=Refuse(503)) for _ in range(3)), [FREE] * 3, fails=True),
    "a reset before the answer": Case((Plan(WORDS, fault=Reset()),), [ESTIMATED], unsure=NAMES, fails=True),
    "a reset before a word": Case(
        (_broken(0, "reset"),),
        [ESTIMATED],
        {"anthropic": [PARTIAL], "openrouter": [FINAL]},
        unsure=("openai", "google", "lab"),
        fails=True,
    ),
    "a reset amid words": Case(
        (_broken(4, "reset"),),
        [ESTIMATED],
        {"anthropic": [PARTIAL], "google": [PARTIAL], "openrouter": [FINAL]},
        unsure=("openai", "anthropic", "lab"),
        fails=True,
    ),
    "an early end": Case(
        (_broken(4, "end"),),
        [ESTIMATED],
        {"anthropic": [PARTIAL], "google": [PARTIAL], "openrouter": [FINAL]},
        unsure=("openai", "anthropic", "lab"),
        fails=True,
    ),
    "an error in the stream before a word": Case(
        (_broken(0, "error"), FINE), [FREE, FINAL], {"anthropic": [PARTIAL, FINAL], "openrouter": [PARTIAL, FINAL]}
    ),
    "an error in the stream amid words": Case(
        (_broken(4, "error"),),
        [ESTIMATED],
        {"anthropic": [PARTIAL], "google": [PARTIAL], "openrouter": [FINAL]},
        unsure=("openai", "anthropic", "lab"),
        fails=True,
    ),
    "no usage": Case((Plan(WORDS, usage=False),), [ESTIMATED], {"openrouter": [FINAL]}, unsure=NAMES),
}


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    """All vendors, each with its price."""
    with open_street() as running:
        yield running


@pytest.fixture
def traveller(tmp_path: Path, vendors: Vendors) -> Traveller:
    """A conversation in an empty home."""
    return Traveller(tmp_path, vendors)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_each_attempt_is_booked_as_it_is_billed(traveller: Traveller, case: str, name: str) -> None:
    """One record an attempt with the right status; what was reported is charged to the pico-dollar."""
    plans, ways, others, unsure, fails = CASES[case]
    vendor = traveller.vendors[name]
    vendor.will(*plans)
    turn = traveller.say(name, "hello")
    assert isinstance(turn.last, Failed) == fails, turn.last
    assert vendor.refused == []
    booked = entries(traveller.home)
    assert [(entry.kind, entry.status) for entry in booked] == others.get(name, ways)
    assert [entry.attempt for entry in booked] == list(range(1, len(vendor.accepted) + 1))
    if name in unsure:
        _check_unsure(vendor, booked[-1])
    else:
        assert charged(traveller.home) == vendor.bill.total
    assert turn.last.receipt
    assert turn.last.receipt.cost == charged(traveller.home)


def _check_unsure(vendor: Vendor, entry: Entry) -> None:
    """What was reported is the least that is charged; what was sent is not forgotten either."""
    (charge,) = vendor.bill.charges
    assert entry.usd
    assert entry.input > 0
    if charge.told:
        assert entry.input == charge.told.input
        assert entry.output >= charge.told.output
        assert entry.usd >= vendor.cost("", charge.told)


@pytest.mark.parametrize("late", [1, 99])
def test_openrouter_may_know_late_what_it_charged(traveller: Traveller, late: int) -> None:
    """It is asked again for a while; if it does not know by then, what the error itself told is charged."""
    vendor = traveller.vendors["openrouter"]
    assert isinstance(vendor, OpenRouter)
    vendor.late = late
    vendor.will(_broken(4, "error"))
    assert isinstance(traveller.say("openrouter", "hello").last, Failed)
    (entry,) = entries(traveller.home)
    assert (entry.status, entry.usd) == ("final" if late == 1 else "partial", vendor.bill.total)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_at_home_costs_nothing(traveller: Traveller, name: str, tmp_path: Path) -> None:
    """A connection that is refused is released, however often it is tried."""
    with open_street() as others:
        gone = Traveller(tmp_path / "other", others)
    assert isinstance(gone.say(name, "hello").last, Failed)
    booked = entries(gone.home)
    assert booked
    assert {(entry.kind, entry.usd) for entry in booked} == {("release", Decimal(0))}


@pytest.mark.parametrize("name", NAMES)
def test_a_long_conversation_costs_what_is_billed(tmp_path: Path, name: str) -> None:
    """Prompts read from the cache, thinking, calls and their results: the sum is the same to the last digit."""
    with open_street() as vendors:
        vendors[name]._cache = Cache(smallest=64, step=16)
        traveller = Traveller(tmp_path, vendors, Options(effort="low"))
        for number in range(4):
            vendors[name].will(Plan(Think(f"thought {number}"), WORDS, Call("weather", '{"city": "Paris"}')))
            turn = traveller.say(name, f"question {number} " + "with many words " * 40)
            traveller.say(name, turn.results)
        bill = vendors[name].bill
        assert len(entries(tmp_path)) == len(bill.charges) == 8
        assert charged(tmp_path) == bill.total
        assert name == "anthropic" or any(charge.tokens.read for charge in bill.charges)


@settings(max_examples=10, phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["429", "500", "fine", "error", "cut"])), max_size=5))
def test_any_run_of_bad_luck_is_booked_attempt_by_attempt(luck: list[tuple[str, str]]) -> None:
    """Whatever happens in whatever order, each request has its record, and the exact ones sum up to the bill."""
    plans = {
        "429": (Plan(fault=Refuse(429)), FINE),
        "500": (Plan(fault=Refuse(500)), Plan(fault=Refuse(503)), FINE),
        "fine": (FINE,),
        "error": (_broken(0, "error"), FINE),
        "cut": (_broken(2, "end"),),
    }
    with open_street() as vendors, tempfile.TemporaryDirectory(dir=memory()) as home:
        traveller = Traveller(Path(home), vendors)
        exact = True
        for name, kind in luck:
            vendors[name].will(*plans[kind])
            traveller.say(name, "hello")
            exact = exact and (kind != "cut" or name in {"google", "openrouter"})
        if not luck:
            return
        booked = entries(traveller.home)
        assert len(booked) == sum(len(vendor.accepted) for vendor in vendors.values())
        billed = sum((vendor.bill.total for vendor in vendors.values()), Decimal(0))
        assert not exact or charged(traveller.home) == billed


@pytest.mark.parametrize("name", NAMES)
def test_a_turn_that_is_cancelled_is_charged(traveller: Traveller, name: str) -> None:
    """In mid-answer: what was reported counts, or OpenRouter's word afterwards, else an estimate."""
    vendor = traveller.vendors[name]
    vendor.will(_broken(4, "stall"))
    app = traveller.app
    conversation = Conversation(app.database, app.catalog, app.target(MODELS[name]), Options())
    turn = asyncio.run(run(conversation, user("hello"), cancel_after=2))
    app.database.close()
    assert turn.answer.stop_reason == "cancelled"
    (entry,) = entries(traveller.home)
    wanted = {"anthropic": PARTIAL, "google": PARTIAL, "openrouter": FINAL}.get(name, ESTIMATED)
    assert (entry.kind, entry.status) == wanted
    if name == "openrouter":
        assert entry.usd == vendor.bill.total
    assert entry.usd
    assert entry.input > 0


def _begin(program: Program, vendors: Vendors, name: str) -> list[str]:
    program.configure(configuration(vendors))
    program.environ |= environment(vendors)
    vendors[name].will(_broken(4, "stall"))
    return ["chat", "-m", MODELS[name], "hello"]


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_leaves_one_charge(program: Program, vendors: Vendors, name: str) -> None:
    """The process ends by the signal; the bill is paid, and the words are kept."""
    process = program.start(*_begin(program, vendors, name))
    assert process.stdout
    assert process.stdout.read(4)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    (entry,) = entries(program.home)
    assert entry.kind == "charge"
    if name == "openrouter":
        assert (entry.status, entry.usd) == ("final", vendors[name].bill.total)
    assert entry.usd


@pytest.mark.parametrize("more", [(), ("--no-save",)])
@pytest.mark.parametrize("name", NAMES)
def test_a_kill_leaves_one_charge(program: Program, vendors: Vendors, name: str, more: Sequence[str]) -> None:
    """SIGKILL in mid-answer: the next command books what was reported by then, and estimates only the rest."""
    process = program.start(*_begin(program, vendors, name), *more)
    assert process.stdout
    assert process.stdout.read(4)
    threading.Event().wait(BEHIND)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert program.run("cost", "--json").json["calls"] == 1
    (entry,) = entries(program.home)
    assert (entry.kind, entry.status) == {"anthropic": PARTIAL, "google": PARTIAL}.get(name, ESTIMATED)
    assert entry.response_id
    _check_unsure(vendors[name], entry)


def test_reconcile_learns_what_a_killed_call_was_charged(program: Program, vendors: Vendors) -> None:
    """OpenRouter is asked for each call without a report; from then on totals count its word."""
    process = program.start(*_begin(program, vendors, "openrouter"))
    assert process.stdout
    assert process.stdout.read(4)
    wait_named(program.home)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    told = program.run("cost", "reconcile", "--json").json
    assert (told["asked"], told["learned"]) == (1, 1)
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) == vendors["openrouter"].bill.total


def test_the_totals_are_those_of_the_bills(program: Program, vendors: Vendors) -> None:
    """Over all providers, luck and bad luck, and of what is not saved: `cost` and each receipt tell the bill."""
    program.configure(configuration(vendors))
    program.environ |= environment(vendors)
    for name in NAMES:
        vendors[name].will(Plan(fault=Refuse(429)), FINE)
        before = vendors[name].bill.total
        told = program.run("chat", "-m", MODELS[name], "--no-save", "-o", "json", "hello").json
        assert Decimal(told["cost_usd"]) == vendors[name].bill.total - before
        assert (told["status"], told["attempts"]) == ("final", 2)
    traveller = Traveller(program.home, vendors)
    for name in NAMES:
        traveller.say(name, "and again")
    totals = program.run("cost", "--json").json
    assert Decimal(totals["cost_usd"]) == sum(vendor.bill.total for vendor in vendors.values())
    by_provider = {line["provider"]: Decimal(line["cost_usd"]) for line in totals["by_provider"]}
    assert by_provider == {name: vendor.bill.total for name, vendor in vendors.items()}
