"""The loop with tools against strict servers of every API: each takes every round, and all that it bills is booked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest
from support.program import Program
from support.vendors.plan import Call, Plan, Refuse, Say, Think
from support.vendors.street import MODELS, configuration, environment, open_street
from support.vendors.vendor import Vendor


@pytest.fixture
def vendors() -> Iterator[Mapping[str, Vendor]]:
    """All vendors."""
    with open_street() as running:
        yield running


@pytest.fixture
def there(program: Program, vendors: Mapping[str, Vendor]) -> Program:
    """Agentctl configured for them, with a file to read."""
    program.configure(configuration(vendors))
    program.environ.update(environment(vendors))
    (program.home / "notes.txt").write_text("the word is swordfish\n")
    return program


LOOP = (
    Plan(Think("I have to look."), Say("Looking."), Call("read", json.dumps({"path": "notes.txt"})), Call("list")),
    Plan(Call("grep", json.dumps({"pattern": "sword"}))),
    Plan(Say("It is swordfish.")),
)


@pytest.mark.parametrize("name", MODELS)
def test_each_api_takes_every_round_and_what_it_bills_is_booked(
    there: Program, vendors: Mapping[str, Vendor], name: str
) -> None:
    """Two calls in one answer, one in the next, and the end: three requests, one exact sum."""
    vendors[name].will(*LOOP)
    done = there.run("chat", "-m", MODELS[name], "-t", "files", "-o", "json", "What is the word?")
    assert (done.code, done.json["text"], done.json["turns"], done.json["tool_calls"]) == (0, "It is swordfish.", 3, 3)
    assert len(vendors[name].accepted) == 3
    assert "swordfish" in json.dumps(vendors[name].accepted[-1])
    assert Decimal(done.json["cost_usd"]) == Decimal(done.json["session_cost_usd"]) == vendors[name].bill.total


def test_max_cost_holds_over_all_rounds(there: Program, vendors: Mapping[str, Vendor]) -> None:
    """The limit of a command counts what its earlier rounds cost: what would pass it is never sent."""
    vendors["openai"].will(*[Plan(Say("word " * 400), Call("read", json.dumps({"path": "notes.txt"})))] * 40)
    done = there.run("chat", "-m", MODELS["openai"], "-t", "files", "--max-cost", "0.02", "-o", "json", "go")
    assert (done.code, done.json["error"]["kind"]) == (5, "budget")
    assert 1 < done.json["turns"] < 40
    assert Decimal(done.json["session_cost_usd"]) == vendors["openai"].bill.total <= Decimal("0.02")


def test_a_failure_in_a_later_round_keeps_what_the_earlier_ones_brought(
    there: Program, vendors: Mapping[str, Vendor]
) -> None:
    """The results are in the session, what was billed is booked, and the session goes on."""
    vendors["anthropic"].will(LOOP[0], Plan(fault=Refuse(400, words="no")))
    failed = there.run("chat", "-m", MODELS["anthropic"], "-t", "files", "-o", "json", "What is the word?")
    assert (failed.code, failed.json["tool_calls"]) == (7, 2)
    assert Decimal(failed.json["session_cost_usd"]) == vendors["anthropic"].bill.total
    vendors["anthropic"].will(Plan(Say("It is swordfish.")))
    done = there.run("chat", "-c", "-t", "files", "-o", "json", "go on")
    assert (done.code, done.json["text"]) == (0, "It is swordfish.")
    assert Decimal(done.json["session_cost_usd"]) == vendors["anthropic"].bill.total
