"""`agentctl cost cache`, run as a program over records that a test has made."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from support.program import Program
from support.schemas import validate

from agentctl.breakpoints import Breakpoint, CachePlan
from agentctl.economy import cachebook, contents, ledger
from agentctl.economy.cachebook import Used
from agentctl.economy.catalog import Catalog
from agentctl.economy.contents import Intent
from agentctl.economy.footprints import footprint
from agentctl.economy.ledger import Call
from agentctl.economy.pricing import price
from agentctl.messages import Message, Text, ToolSpec, user
from agentctl.providers.base import Request
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

CATALOG = Catalog()
SONNET = "claude-sonnet-4-5"
MINUTE = 60_000_000  # µs
START = 1_790_000_000_000_000
CLOCK, MAIL = (ToolSpec(name, "does it", {"type": "object"}) for name in ("clock", "mail"))
RATES = {"input": 3, "output": 15, "read": Decimal("0.3"), "write": Decimal("3.75")}


def seed(program: Program, *calls: tuple[int, str, tuple[ToolSpec, ...], Usage], model: str = SONNET) -> str:
    """Charge and record calls of one session: each its minute, system prompt, tools and usage. Return the session."""

    def write(tx: Transaction) -> str:
        session = sessions.create(tx, "work").id
        for number, (minute, system, tools, usage) in enumerate(calls):
            messages = (Message("system", (Text(system),)), *(user(str(one)) for one in range(number + 1)))
            plan = CachePlan((Breakpoint(len(messages) - 1),), implicit=False)
            at, card = START + minute * MINUTE, CATALOG.find(f"anthropic/{model}")
            call = Call(f"{session} {number}", session, "anthropic", model)
            ledger.charge(tx, call, usage, price(usage, card, at), "final", None, None, at=at)
            asked = footprint(Request(model, messages, tools=tools, cache=plan), "anthropic", at)
            cachebook.record(tx, call, Used(usage, card, card.cache_min, at=at), asked)
        return session

    session: str = record(program, write)
    return session


def record(program: Program, write: Any) -> Any:
    """Write to the database that the program will read."""
    with closing(connect(f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db")) as database:
        return database.write(write)


def document(program: Program, *args: str) -> Any:
    """The JSON document, which its schema describes."""
    done = program.run("cost", "cache", *args, "--json")
    assert (done.code, done.err) == (0, "")
    validate("cost-cache", done.json)
    return done.json


WROTE, READ, MISSED = Usage(100, 0, 8000, 0, 50), Usage(100, 8000, 200, 0, 50), Usage(100, 0, 8300, 0, 50)
HIT = ((0, "be kind", (CLOCK,), WROTE), (1, "be kind", (CLOCK,), READ))


def test_nothing_was_cached(program: Program) -> None:
    """It is said plainly, whether there were calls or none."""
    for calls in ((), ((0, "", (), Usage(100)),)):
        if calls:
            seed(program, *calls)
        done = program.run("cost", "cache")
        assert (done.code, done.err) == (0, "")
        assert done.out == "nothing was read from a cache, and nothing was written to one\n"
    found = document(program)
    assert (found["calls"], found["cached_calls"], found["saved_usd"], found["hit_rate"]) == (1, 0, "0", 0)


def test_what_was_saved(program: Program) -> None:
    """Every call once more with all its input uncached, exactly; the rate of hits, and what writing cost more."""
    seed(program, *HIT)
    found = document(program)
    assert (found["calls"], found["cached_calls"], found["unknown_calls"]) == (2, 2, 0)
    charged = (200 * 3 + 8200 * Decimal("3.75") + 8000 * Decimal("0.3") + 100 * 15) / 10**6
    uncached = Decimal(16400 * 3 + 100 * 15) / 10**6
    assert Decimal(found["charged_usd"]) == charged
    assert Decimal(found["uncached_usd"]) == uncached
    assert Decimal(found["saved_usd"]) == uncached - charged
    assert Decimal(found["writing_usd"]) == 8200 * Decimal("0.75") / 10**6
    assert found["hit_rate"] == round(8000 / 16400, 6)
    assert (found["misses"], found["causes"], found["advice"]) == ([], [], [])
    (line,) = found["by_model"]
    assert line == {"model": f"anthropic/{SONNET}"} | {name: found[name] for name in line if name != "model"}


def test_a_miss_has_its_cause(program: Program) -> None:
    """The newest first, each with the place that changed and what that cost; and what to do."""
    session = seed(
        program,
        *HIT,
        (2, "be kind", (MAIL, CLOCK), MISSED),
        (3, "be kind, today", (MAIL, CLOCK), Usage(100, 2000, 6300, 0, 50)),
    )
    found = document(program)
    assert [(one["cause"], one["path"], one["tokens"]) for one in found["misses"]] == [
        ("changed", "$.system[0].text", 6300),
        ("changed", "$.tools[0]", 8200),
    ]
    assert found["misses"][1]["text"] == "tool `mail` was added before `clock`"
    assert found["misses"][1]["session_id"] == session
    assert Decimal(found["misses"][1]["missed_usd"]) == 8200 * Decimal("3.45") / 10**6
    assert [(one["cause"], one["misses"], one["tokens"]) for one in found["causes"]] == [("changed", 2, 14_500)]
    assert len(document(program, "--limit", "1")["misses"]) == 1
    done = program.run("cost", "cache")
    assert "tool `mail` was added before `clock`" in done.out
    assert f"hint: the system prompt changes at $.system[0].text (anthropic/{SONNET}, once): put what changes last" in (
        done.err
    )
    assert f"hint: tools change at $.tools[0] (anthropic/{SONNET}, once)" in done.err


def test_advice_by_the_gaps(program: Program) -> None:
    """Between 5 minutes and an hour a longer life pays; beyond it nothing lasts."""
    seed(program, *HIT, (8, "be kind", (CLOCK,), MISSED), (48, "be kind", (CLOCK,), Usage(100, 0, 8400)))
    found = document(program)
    assert [one["gap_seconds"] for one in found["misses"]] == [40 * 60, 7 * 60]
    assert found["advice"] == [
        f"calls to anthropic/{SONNET} are 7 to 40 minutes apart: a cache that is kept for 1h pays"
    ]
    seed(program, (0, "x", (), WROTE), (100, "x", (), MISSED), (200, "x", (), MISSED), model="claude-opus-4-5")
    (text,) = [one for one in document(program)["advice"] if one.startswith("calls to anthropic/claude-opus")]
    assert text == "calls to anthropic/claude-opus-4-5 are mostly more than an hour apart: no cache lasts that long"


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        (
            ((0, "x", (), Usage(500)), (1, "x", (), Usage(600))),
            f"prompts to anthropic/{SONNET} are below the minimum of 1,024 tokens: nothing to cache",
        ),
        (
            ((0, "x", (CLOCK, MAIL), WROTE), (1, "x", (MAIL, CLOCK), MISSED), (2, "x", (CLOCK, MAIL), MISSED)),
            f"tools change order (anthropic/{SONNET}, once): give them in the same one each time",
        ),
        (
            ((0, "x", (), WROTE),),
            f"caching cost more than it saved with anthropic/{SONNET}: --no-cache for questions that nothing follows",
        ),
    ],
)
def test_other_advice(program: Program, calls: Any, text: str) -> None:
    """Each cause has its cure, if it has one."""
    seed(program, *calls)
    assert text in document(program)["advice"]


def test_scopes(program: Program) -> None:
    """One session, and a time: what is outside counts nowhere."""
    one, other = seed(program, *HIT), seed(program, *HIT, (2, "y", (CLOCK,), MISSED))
    assert document(program)["cached_calls"] == 5
    found = document(program, "--session", one)
    assert (found["session_id"], found["cached_calls"], found["misses"]) == (one, 2, [])
    assert len(document(program, "--session", other)["misses"]) == 1
    assert document(program, "--since", "2999-01-01")["cached_calls"] == 0
    found = document(program, "--until", "2026-09-21T14:13:40Z")  # 20 s after the first calls
    assert (found["calls"], found["cached_calls"]) == (2, 2)
    assert program.run("cost", "cache", "--until", "1960-01-01").code == 2
    assert program.run("cost", "cache", "--session", "nobody").code == 2


def test_unknown_prices_stand_apart(program: Program) -> None:
    """They are counted, in no sum, and that is said."""
    seed(program, *HIT)
    seed(program, *HIT, (2, "y", (CLOCK,), MISSED), model="unheard-of")
    found = document(program)
    assert (found["unknown_calls"], found["unknown_savings"], found["cached_calls"]) == (3, 3, 5)
    assert found["causes"][0]["missed_usd"] is found["misses"][0]["missed_usd"] is None
    assert found["saved_usd"] == document(program, "--limit", "0")["by_model"][0]["saved_usd"]
    done = program.run("cost", "cache")
    assert "3 calls have no known cost" in done.err


def test_what_keeping_a_cache_costs(program: Program) -> None:
    """By the hour, and out of what was saved."""

    def write(tx: Transaction) -> None:
        end = ledger.now() + 60 * MINUTE
        made = contents.intend(tx, Intent("google", "gemini-2.5-pro", None, "c", "p", 1, 9, end))
        contents.made(tx, made.id, "cachedContents/1", 10**9, end)

    record(program, write)
    found = document(program)
    assert Decimal(found["storage_usd"]) > 0
    assert Decimal(found["saved_usd"]) == -Decimal(found["storage_usd"])
    assert [line["model"] for line in found["by_model"]] == ["google/gemini-2.5-pro"]
