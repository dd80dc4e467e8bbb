"""`agentctl cost`, run as a program over a ledger that a test has filled."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pexpect
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support.program import AGENTCTL, Program

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

T = TypeVar("T")
NO_COLOUR = {"NO_COLOR": "1"}
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cost.json"


def charge(program: Program, write: Callable[[Transaction], T]) -> T:
    """Write to the ledger that the program will read."""
    with closing(connect(f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db")) as database:
        return database.write(write)


def fill(program: Program) -> str:
    """Charge four calls, one of unknown cost and one without a session; return the id of the others' session."""
    return charge(program, _fill)


def _fill(tx: Transaction) -> str:
    session_id = sessions.create(tx, "work").id
    calls = [
        (Call("1", session_id, "openai", "gpt"), Decimal("0.1")),
        (Call("2", session_id, "openai", "gpt", tag="bench"), Decimal("0.000000000001")),
        (Call("3", None, "openai", "mini", tag="=1+1"), Decimal("2.5")),
        (Call("4", session_id, "compatible", "a/b", tag='a "b",\nc'), None),
    ]
    for call, cost in calls:
        ledger.reserve(tx, call, Usage(9, output=9), Decimal(9))
        ledger.charge(tx, call, Usage(1000, 2, 3, 4, 5), cost, "final", None, None)
    return session_id


def spend(program: Program, costs: Mapping[str, str | None]) -> None:
    """Charge a call for each moment, an ISO time in UTC, at its cost."""

    def write(tx: Transaction) -> None:
        for number, (moment, cost) in enumerate(costs.items()):
            at = round(datetime.fromisoformat(moment).timestamp() * 1_000_000)
            dollars = None if cost is None else Decimal(cost)
            ledger.charge(tx, Call(str(number), None, "x", "m"), Usage(7), dollars, "final", None, None, at=at)

    charge(program, write)


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
    assert costs["by_tag"] == {"=1+1": "2.5", "bench": "0.000000000001", None: "0.1", 'a "b",\nc': None}
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
        ("tag", ["=1+1", "(none)", "bench", 'a "b", c']),
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


SPENT = {
    "2026-03-28T23:30:00+00:00": "0.5",  # in Paris a day later
    "2026-03-29T21:30:00+00:00": "1.25",  # and here too, though the night before had no hour from 2 to 3
    "2026-03-29T22:00:00+00:00": "0.125",
    "2026-03-31T12:00:00+00:00": None,
}


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC0", {"2026-03-28": "0.5", "2026-03-29": "1.375", "2026-03-31": None}),
        ("CET-1CEST,M3.5.0,M10.5.0/3", {"2026-03-29": "1.75", "2026-03-30": "0.125", "2026-03-31": None}),
        ("<+0545>-5:45", {"2026-03-29": "0.5", "2026-03-30": "1.375", "2026-03-31": None}),
        ("<-0930>9:30", {"2026-03-28": "0.5", "2026-03-29": "1.375", "2026-03-31": None}),
    ],
)
def test_each_call_on_its_own_day(program: Program, zone: str, days: dict[str, str | None]) -> None:
    """Days begin and end with those of this machine's clock, whatever its zone and on days that lack an hour."""
    spend(program, SPENT)
    program.environ["TZ"] = zone
    found = {line["day"]: line["cost_usd"] for line in document(program)["by_day"]}
    assert found == days


@pytest.mark.parametrize(
    ("period", "calls"),
    [
        (["--until", "2026-03-29T21:30Z"], 1),
        (["--until", "2026-03-29T21:30:00.000001Z"], 2),
        (["--since", "2026-03-29T21:30Z", "--until", "2026-03-31"], 2),
        (["--since", "2026-03-28T23:30:00.000001Z"], 3),
        (["--until", "2000-01-01"], 0),
    ],
)
def test_a_period(program: Program, period: list[str], calls: int) -> None:
    """--since takes what is charged at that very moment in, --until leaves it out, in every table."""
    spend(program, SPENT)
    found = document(program, *period)
    assert found["calls"] == calls
    assert {name: sum(line["calls"] for line in found[name]) for name in found if name.startswith("by_")} == {
        "by_session": calls,
        "by_day": calls,
        "by_model": calls,
        "by_provider": calls,
        "by_tag": calls,
    }


def test_what_providers_report(program: Program) -> None:
    """A reported cost is what a call cost; beside it stands what was computed, and the difference."""

    def write(tx: Transaction) -> None:
        calls = [("openrouter", "0.5", "0.375"), ("openrouter", None, "0.25"), ("openai", "2", None)]
        for number, (provider, computed, reported) in enumerate(calls):
            usage = Usage(1, reported=None if reported is None else Decimal(reported))
            cost = None if computed is None else Decimal(computed)
            ledger.charge(tx, Call(str(number), None, provider, "m"), usage, cost, "final", None, None)

    charge(program, write)
    found = document(program)
    names = ("cost_usd", "reported_calls", "reported_usd", "computed_usd", "drift_usd")
    assert [found[name] for name in names] == ["2.625", 2, "0.625", "0.5", "-0.125"]
    openai, openrouter = found["by_provider"]
    assert [openrouter[name] for name in names] == ["0.625", 2, "0.625", "0.5", "-0.125"]
    assert not set(names[1:]) & set(openai)


def test_a_sheet(program: Program) -> None:
    """--csv is RFC 4180: one header, a line for each, exact dollars, nothing for what is unknown, and no formula."""
    fill(program)
    done = program.run("cost", "--by", "tag", "--csv")
    assert (done.code, done.err) == (0, "")
    assert [line.count("\r\n") for line in done.out.splitlines(keepends=True)][:3] == [1, 1, 1]
    header, *lines = csv.reader(io.StringIO(done.out, newline=""), strict=True)
    assert header == [
        *("tag", "calls", "unknown_calls"),
        *("uncached_input", "cache_read", "cache_write_short", "cache_write_long", "output"),
        *("cost_usd", "cost_known_usd", "reported_usd", "computed_usd", "drift_usd"),
    ]
    tokens = ["1000", "2", "3", "4", "5"]
    assert lines == [
        ["'=1+1", "1", "0", *tokens, "2.5", "2.5", "", "", ""],
        ["", "1", "0", *tokens, "0.1", "0.1", "", "", ""],
        ["bench", "1", "0", *tokens, "0.000000000001", "0.000000000001", "", "", ""],
        ['a "b",\nc', "1", "1", *tokens, "", "0", "", "", ""],
    ]


@pytest.mark.parametrize("tag", ["=1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\uff1d1", "|x"])
def test_no_cell_is_a_formula(program: Program, tag: str) -> None:
    """What a spreadsheet would run stands behind an apostrophe."""
    charge(
        program, lambda tx: ledger.charge(tx, Call("1", None, "x", "m", tag=tag), Usage(), None, "final", None, None)
    )
    ((_, *lines),) = [list(csv.reader(io.StringIO(program.run("cost", "--by", "tag", "--csv").out, newline="")))]
    assert lines[0][0] == (tag if tag == "|x" else f"'{tag}")


def test_an_empty_sheet(program: Program) -> None:
    """Where nothing was spent there is still a header."""
    assert program.run("cost", "--by", "session", "--csv").out.startswith("session_id,calls,")


def screen(program: Program, *args: str, columns: int = 80, environ: Mapping[str, str] = NO_COLOUR) -> list[str]:
    """The lines that a terminal shows."""
    child = pexpect.spawn(
        str(AGENTCTL),
        ["cost", *args],
        cwd=str(program.home),
        env={**program.environment, "TERM": "xterm", "LANG": "C.UTF-8", **environ},
        dimensions=(24, columns),
        encoding="utf-8",
    )
    child.expect(pexpect.EOF, timeout=30)
    child.close()
    assert child.exitstatus == 0
    return str(child.before).replace("\r\n", "\n").splitlines()


def test_a_chart(program: Program) -> None:
    """On a terminal days have bars, the dearest the longest, and whatever is not free has one."""
    spend(program, {"2026-11-21T12:00Z": "4", "2026-11-22T12:00Z": "2.5", "2026-11-23T12:00Z": "0.001"})
    header, *days, total = screen(program, "--by", "day", columns=62)
    assert header.split() == ["day", "calls", "in", "cached", "out", "cost"]
    assert [line.split() for line in days] == [
        ["2026-11-21", "1", "7", "0", "0", "$4.00", "█" * 16],
        ["2026-11-22", "1", "7", "0", "0", "$2.50", "█" * 10],
        ["2026-11-23", "1", "7", "0", "0", "$0.0010", "▏"],
    ]
    assert total.split() == ["total", "3", "21", "0", "0", "$6.50"]


def test_a_chart_in_colour(program: Program) -> None:
    """Bars are coloured, and nothing else, where the terminal takes colours."""
    spend(program, {"2026-11-21T12:00Z": "4"})
    _, day, _ = screen(program, "--by", "day", environ={})
    assert re.fullmatch(r"2026-11-21 .* \$4\.00  \x1b\[36m█+\x1b\[0m", day)


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}])
def test_a_chart_of_plain_signs(program: Program, environ: dict[str, str]) -> None:
    """A terminal without colours or block characters gets signs that it has."""
    spend(program, {"2026-11-21T12:00Z": "4"})
    _, day, _ = screen(program, "--by", "day", environ=environ)
    assert re.fullmatch(r"2026-11-21 .* \$4\.00  #+", day)


@pytest.mark.parametrize("columns", [200, 80, 50, 40, 36, 25, 10])
def test_a_chart_fits(program: Program, columns: int) -> None:
    """However narrow the terminal, no line of a chart wraps while the day and its cost fit, and both are told."""
    spend(program, {f"2026-11-{day}T12:00Z": f"{day}.5" for day in range(10, 20)})
    lines = screen(program, "--by", "day", columns=columns)
    assert all("2026-11" in line and ".50" in line for line in lines[1:-1])
    if columns > 20:
        assert max(map(len, lines)) < columns
    assert any("█" in line for line in lines) == (columns > 30)


def test_free_days_are_told_by_their_calls(program: Program) -> None:
    """Where nothing cost anything bars are as long as days were busy, and no day has none."""
    spend(program, dict.fromkeys(["2026-11-21T12:00Z", "2026-11-22T12:00Z", "2026-11-22T13:00Z"], "0"))
    one, two = (line.count("█") for line in screen(program, "--by", "day")[1:-1])
    assert 2 * one in {two - 1, two, two + 1}


def test_a_chart_of_nothing(program: Program) -> None:
    """An empty ledger has a chart without days."""
    assert [line.split()[0] for line in screen(program, "--by", "day")] == ["day", "total"]


def test_a_pipe_gets_no_chart(program: Program) -> None:
    """Programs get the same plain table of days as of anything else."""
    spend(program, {"2026-11-21T12:00Z": "4"})
    assert program.run("cost", "--by", "day").out.splitlines()[1:2] == ["2026-11-21\t1\t7\t0\t0\t$4.00"]


def test_a_long_table_on_a_terminal(program: Program) -> None:
    """Only the costliest 100 lines are shown, and what the rest comes to; a pipe gets them all."""

    def write(tx: Transaction) -> None:
        for number in range(103):
            call = Call(str(number), None, "x", "m", tag=f"tag {number:03}")
            ledger.charge(tx, call, Usage(1), Decimal(number), "final", None, None)

    charge(program, write)
    shown = screen(program, "--by", "tag")
    assert "tag 003" in "".join(shown)
    assert "tag 002" not in "".join(shown)
    (rest,) = [line.split() for line in shown if "more)" in line]
    assert rest == ["(3", "more)", "3", "3", "0", "0", "$3.00"]
    assert len(program.run("cost", "--by", "tag").out.splitlines()) == 105


@pytest.mark.parametrize("command", ["cache", "price", "reconcile"])
def test_options_of_the_table_before_a_command(program: Program, command: str) -> None:
    """They would say nothing to it, so they are refused and not lost."""
    done = program.run("cost", "--since", "7d", command)
    assert (done.code, done.out) == (2, "")
    assert f"--since is for the table, not for {command}" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "soon"],
        ["--since", "9" * 20 + "d"],
        ["--until", "later"],
        ["--since", "2026-11-24", "--until", "2026-11-24"],
        ["--since", "2026-11-24", "--until", "2026-11-23"],
        ["--session", "nobody"],
        ["--by", "hue"],
        ["--json", "--csv"],
        ["prise"],
    ],
)
def test_what_makes_no_sense(program: Program, arguments: list[str]) -> None:
    """A time that is none, or a session that is not there, is a usage error with a hint."""
    done = program.run("cost", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error:" in done.err
    assert "hint:" in done.err
