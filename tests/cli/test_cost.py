"""`agentctl cost`, run as a program over a ledger that a test has filled."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support.program import Program

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cost.json"


def fill(program: Program) -> str:
    """Charge four calls, one of unknown cost and one without a session; return the id of the others' session."""
    with closing(connect(f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db")) as database:
        return database.write(_fill)


def _fill(tx: Transaction) -> str:
    session_id = sessions.create(tx, "work").id
    calls = [
        (Call("1", session_id, "openai", "gpt"), Decimal("0.1")),
        (Call("2", session_id, "openai", "gpt"), Decimal("0.000000000001")),
        (Call("3", None, "openai", "mini"), Decimal("2.5")),
        (Call("4", session_id, "compatible", "a/b"), None),
    ]
    for call, cost in calls:
        ledger.reserve(tx, call, Usage(9, output=9), Decimal(9))
        ledger.charge(tx, call, Usage(1000, 2, 3, 4, 5), cost, "final", None, None)
    return session_id


def document(program: Program, *args: str) -> Any:
    """The JSON document of a command that succeeds, which its schema describes."""
    done = program.run("cost", *args, "--json")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(done.json)
    return done.json


def today() -> str:
    """The day on this machine's clock."""
    return time.strftime("%Y-%m-%d")


def test_nothing_was_spent(program: Program) -> None:
    """In a new home nothing was spent, and that is known."""
    found = document(program)
    assert (found["calls"], found["cost_usd"], found["by_day"]) == (0, "0", [])


def test_all_of_it(program: Program) -> None:
    """The sum is exact, null where a part is unknown, and each table adds up to it."""
    before, session_id = today(), fill(program)
    found = document(program)
    assert (found["calls"], found["unknown_calls"]) == (4, 1)
    assert (found["cost_usd"], found["cost_known_usd"]) == (None, "2.600000000001")
    assert found["usage"] == {
        "uncached_input": 4000,
        "cache_read": 8,
        "cache_write_short": 12,
        "cache_write_long": 16,
        "output": 20,
    }
    costs = {
        name: {next(iter(line.values())): line["cost_usd"] for line in lines}
        for name, lines in found.items()
        if name.startswith("by_")
    }
    assert costs["by_session"] == {None: "2.5", session_id: None}
    assert costs["by_model"] == {"openai/mini": "2.5", "openai/gpt": "0.100000000001", "compatible/a/b": None}
    assert costs["by_provider"] == {"openai": "2.600000000001", "compatible": None}
    assert before <= min(costs["by_day"]) <= max(costs["by_day"]) <= today()


@pytest.mark.parametrize("reference", ["work", "id"])
def test_one_session(program: Program, reference: str) -> None:
    """--session leaves out all other calls, and agrees with what `sessions` tells."""
    session_id = fill(program)
    found = document(program, "--session", session_id if reference == "id" else reference)
    assert (found["session_id"], found["calls"]) == (session_id, 3)
    assert (found["cost_usd"], found["cost_known_usd"]) == (None, "0.100000000001")
    (listed,) = program.run("sessions", "list", "--json").json
    assert (listed["cost_usd"], listed["cost_known_usd"]) == (None, "0.100000000001")


@pytest.mark.parametrize(("since", "calls"), [("1h", 4), ("2d", 4), ("2020-01-01", 4), ("2999-01-01T08:00Z", 0)])
def test_since(program: Program, since: str, calls: int) -> None:
    """--since leaves out what was before, told as a date, a time or a span."""
    fill(program)
    found = document(program, "--since", since)
    assert found["calls"] == calls
    assert found["since"].endswith("Z")


def test_since_is_in_local_time(program: Program) -> None:
    """A date without a zone begins at midnight on this machine's clock; a span ends now."""
    found = program.run("cost", "--json", "--since", "2026-03-29", env={"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}).json
    assert found["since"] == "2026-03-28T23:00:00.000000Z"
    moment = datetime.fromisoformat(document(program, "--since", "90m")["since"]).timestamp()
    assert moment == pytest.approx(time.time() - 90 * 60, abs=60)


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("model", ["openai/mini", "openai/gpt", "compatible/a/b"]),
        ("provider", ["openai", "compatible"]),
        ("session", ["(not kept)", "ID"]),
    ],
)
def test_a_table_for_people(program: Program, by: str, names: list[str]) -> None:
    """A table has a line for each, the costliest first, and ends in the total."""
    session_id = fill(program)
    done = program.run("cost", "--by", by)
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert lines[0] == [by, "calls", "in", "cached", "out", "cost"]
    assert [line[0] for line in lines[1:-1]] == [name.replace("ID", session_id) for name in names]
    assert lines[-1] == ["total", "4", "4,036", "8", "20", "$2.60 + unknown"]


@pytest.mark.parametrize(
    "arguments", [["--since", "soon"], ["--since", "9" * 20 + "d"], ["--session", "nobody"], ["--by", "hue"]]
)
def test_what_makes_no_sense(program: Program, arguments: list[str]) -> None:
    """A time that is none, or a session that is not there, is a usage error with a hint."""
    done = program.run("cost", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error:" in done.err
    assert "hint:" in done.err
