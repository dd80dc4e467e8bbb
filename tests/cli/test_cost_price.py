"""`agentctl cost price`, run as a program in an empty home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from support import schemas
from support.bills import BILLS, Bill
from support.program import Program

GPT = {"prompt_tokens": 2006, "prompt_tokens_details": {"cached_tokens": 1920}, "completion_tokens": 300}
OPTIONS = {"service_tier": "--service-tier", "at": "--at", "price": "--price"}


def priced(program: Program, model: str, raw: object, *options: str) -> dict[str, Any]:
    """Return the JSON document of a usage's price."""
    done = program.run("cost", "price", model, "-", "--json", *options, stdin=json.dumps(raw))
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    schemas.validate("cost-price", document)
    assert (document["cost_usd"] is None) == bool(done.err)
    return document


@pytest.mark.parametrize("bill", BILLS.values(), ids=BILLS)
def test_a_bill_is_what_the_vendor_says(program: Program, bill: Bill) -> None:
    """A usage as the vendor's API reports it costs what the vendor's prices make of it, to the last digit."""
    options = [text for name, value in bill.options.items() for text in (OPTIONS[name], value)]
    if "at" not in bill.options:
        options += ["--at", "2026-11-24"]
    cost = priced(program, bill.model, bill.raw, *options)["cost_usd"]
    assert (None if cost is None else Decimal(cost)) == bill.dollars


def test_the_document(program: Program) -> None:
    """JSON tells the buckets, the exact cost, how the call was served and by which prices."""
    assert priced(program, "openai/gpt-5", {"usage": GPT, "service_tier": "flex"}) == {
        "model": "openai/gpt-5",
        "buckets": {
            "uncached_input": 86,
            "cache_read": 1920,
            "cache_write_short": 0,
            "cache_write_long": 0,
            "output": 300,
        },
        "details": {},
        "cost_usd": "0.00167375",
        "reported_usd": None,
        "tier": "flex",
        "input_above": 0,
        "speed": None,
        "region": None,
        "unknown": [],
        "price_version": program.run("models", "show", "openai/gpt-5", "--json").json["price_version"],
    }


def test_the_table_has_a_line_for_each_bucket(program: Program) -> None:
    """For people there is a line for each bucket and for what is billed beside them, and the sum."""
    raw = {"input_tokens": 1200, "output_tokens": 10, "server_tool_use": {"web_search_requests": 2}}
    done = program.run("cost", "price", "anthropic/claude-opus-5", "--service-tier", "batch", stdin=json.dumps(raw))
    assert (done.code, done.err) == (0, "")
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["anthropic/claude-opus-5", "count", "$/MTok", "cost"],
        ["uncached input", "1,200", "2.5", "$0.003"],
        ["cache read", "0", "0.25", "$0"],
        ["cache write short", "0", "3.125", "$0"],
        ["cache write long", "0", "5", "$0"],
        ["output", "10", "12.5", "$0.000125"],
        ["web searches", "2", "0.01 each", "$0.02"],
        ["total (batch)", "", "", "$0.023125"],
    ]


def test_the_table_tells_what_the_prices_depend_on(program: Program) -> None:
    """A region, a speed, a threshold and what the provider reports are all named."""
    raw = {"input_tokens": 5, "output_tokens": 1, "inference_geo": "us", "speed": "fast"}
    done = program.run("cost", "price", "anthropic/claude-opus-5", stdin=json.dumps(raw))
    assert "total (fast, in us)\t\t\t$0.00011" in done.out
    done = program.run("cost", "price", "openai/gpt-5.4", stdin=json.dumps({"input_tokens": 300_000, "cost": 1.5}))
    assert "total (input above 272,000)" in done.out
    assert "reported by the provider\t\t\t$1.5\n" in done.out


def test_a_file_is_read_as_well(program: Program) -> None:
    """The usage can lie in a file, also with a byte order mark; an alias names the model."""
    program.configure('[aliases]\nbig = "openai/gpt-5"\n')
    (program.home / "usage.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(GPT).encode())
    done = program.run("cost", "price", "big", "usage.json", "--json")
    assert (done.code, done.json["cost_usd"]) == (0, "0.0033475")


def test_a_pipe_with_a_name_is_read_as_well(program: Program) -> None:
    """A shell's `<(…)` is no regular file, and is read to its end."""
    path = program.home / "pipe"
    os.mkfifo(path)
    with program.start("cost", "price", "openai/gpt-5", "pipe", "--json") as child:
        path.write_text(json.dumps(GPT))
        out, _ = child.communicate(timeout=60)
    assert json.loads(out)["cost_usd"] == "0.0033475"


def test_settings_win_and_the_command_line_wins_over_them(program: Program) -> None:
    """A price of the configuration counts, unless --price gives another; one that it does not give stays."""
    program.configure('[models."openai/gpt-5"]\ninput = "2"\noutput = "20"\n')
    million = {"prompt_tokens": 10**6, "completion_tokens": 10**6}
    assert priced(program, "openai/gpt-5", million)["cost_usd"] == "22"
    assert priced(program, "openai/gpt-5", million, "--price", "input=3")["cost_usd"] == "23"


@pytest.mark.parametrize(
    ("at", "zone", "cost"),
    [
        ("2026-08-21", "America/New_York", "4"),  # a day begins in UTC
        ("2026-08-20T20:00", "America/New_York", "4"),  # a time is this machine's
        ("2026-08-20t19:59", "America/New_York", "5"),
        ("2026-08-21t08:59+09:00", "UTC", "5"),
        ("20260821", "UTC", "4"),
    ],
)
def test_a_moment_in_any_form(program: Program, at: str, zone: str, cost: str) -> None:
    """Dates and times as RFC 3339 and ISO 8601 have them mean the same, with a small t too."""
    raw = '{"input_tokens": 1000, "output_tokens": 0}'
    wanted = ("cost", "price", "openai/gpt-5.6-sol", "--at", at, "--json")
    done = program.run(*wanted, stdin=raw, env={"TZ": zone})
    assert Decimal(done.json["cost_usd"]) * 1000 == Decimal(cost)


def test_a_server_of_the_users_own_speaks_its_api(program: Program) -> None:
    """The input of a Messages server is without what was read from the cache, whatever its name."""
    program.configure('[servers.mine]\nbase_url = "http://127.0.0.1:1"\napi = "messages"\n')
    assert priced(program, "mine/m", {"input_tokens": 5, "output_tokens": 1})["buckets"]["uncached_input"] == 5


def test_unknown_is_null_and_said(program: Program) -> None:
    """What nobody knows the price of costs null, not 0; stderr says what is missing and how to give it."""
    done = program.run("cost", "price", "openai/nothing", "--json", stdin=json.dumps(GPT))
    assert (done.code, done.json["cost_usd"], done.json["unknown"]) == (0, None, None)
    assert done.json["price_version"] is None
    assert "openai/nothing is unknown" in done.err
    assert "--price" in done.err
    done = program.run("cost", "price", "openai/nothing", "--json", "--price", "input=1", stdin=json.dumps(GPT))
    assert (done.code, done.json["unknown"]) == (0, ["output"])
    assert "the price of output of openai/nothing is unknown" in done.err
    done = program.run(
        "cost",
        "price",
        "openai/gpt-5.6-sol",
        "--service-tier",
        "batch",
        "--at",
        "2026-01-01",
        "--json",
        stdin=json.dumps(GPT),
    )
    assert done.json["cost_usd"] is None
    assert "as batch" in done.err


def test_unknown_in_the_table(program: Program) -> None:
    """The table says unknown where there is no price."""
    done = program.run("cost", "price", "openai/nothing", stdin=json.dumps(GPT))
    assert done.code == 0
    assert "output\t300\tunknown\tunknown" in done.out
    assert "total\t\t\tunknown" in done.out


def test_a_cost_beyond_all_reason_is_unknown(program: Program) -> None:
    """A price of nine digits for a billion tokens gives no number that the ledger could keep."""
    raw = {"prompt_tokens": 10**9, "completion_tokens": 0}
    done = program.run("cost", "price", "x/y", "--json", "--price", "input=999999999,output=1", stdin=json.dumps(raw))
    assert (done.code, done.json["cost_usd"], done.json["unknown"]) == (0, None, [])
    assert "beyond all reason" in done.err


def test_exact_however_small(program: Program) -> None:
    """A single token at the smallest price there can be is exact, and a plain decimal number."""
    raw = {"prompt_tokens": 1, "completion_tokens": 0}
    document = priced(program, "x/y", raw, "--price", "input=0.000000000001,output=0")
    assert document["cost_usd"] == "0.000000000000000001"


REFUSED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{usage", "no JSON: Expecting property name"),
    "a stream of events": (b'{"a": 1}\n{"b": 2}\n', "no JSON: Extra data in line 2"),
    "binary": (bytes(range(256)), "no text in UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "no text in UTF-8"),
    "nothing": (b" \n", "is empty"),
    "no usage": (b'{"id": "x", "choices": []}', "there is no usage of openai"),
    "an error": (b'{"error": {"message": "no"}}', "there is no usage of openai"),
    "a list": (b"[1]", "there is no usage of openai"),
    "a number": (b"3", "there is no usage of openai"),
    "null": (b"null", "there is no usage of openai"),
    "less than no tokens": (b'{"prompt_tokens": -1, "completion_tokens": 2}', "there is no usage of openai"),
    "no number": (b'{"prompt_tokens": NaN, "completion_tokens": 2}', "there is no usage of openai"),
    "brackets without end": (b"[" * 10**6, "is no usage object"),
    "digits without end": (b'{"prompt_tokens": ' + b"9" * 10**4 + b"}", "is no usage object"),
    "more than there can be": (b" " * (17 * 2**20), "too large"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_usage_is_refused(program: Program, data: bytes, reason: str) -> None:
    """Whatever else is given is a mistake of usage, with a hint, and prints nothing on stdout."""
    done = program.run("cost", "price", "openai/gpt-5", "--json", stdin=data)
    assert done.code == 2
    assert reason in done.err
    assert "hint: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["openai/gpt-5", "nowhere.json"], "can't read nowhere.json: No such file"),
        (["openai/gpt-5", "."], "can't read .: Is a directory"),
        (["openai/gpt-5", "/dev/zero"], "too large"),
        (["gpt-5"], "neither provider/model nor an alias"),
        (["openai/gpt-5", "--price", "3"], "'3' is no price"),
        (["openai/gpt-5", "--price", ""], "is no price"),
        (["openai/gpt-5", "--price", "input=1,"], "is no price"),
        (["openai/gpt-5", "--price", "inputs=1"], "'inputs=1' is no price"),
        (["openai/gpt-5", "--price", "input=-1"], "'-1' is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=1e3"], "'1e3' is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=$3"], "'$3' is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=."], "'.' is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=nan"], "'nan' is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=1234567890"], "is no price in $/MTok"),
        (["openai/gpt-5", "--price", "input=1,input=2"], "input has two prices"),
        (["openai/gpt-5", "--at", "yesterday"], "'yesterday' is no date"),
        (["openai/gpt-5", "--at", "2026-13-01"], "'2026-13-01' is no date"),
        (["openai/gpt-5", "--service-tier", "gold"], "gold"),
    ],
)
def test_mistakes_are_told(program: Program, arguments: list[str], reason: str) -> None:
    """Every mistake on the command line exits with 2 and says what is wrong with what."""
    done = program.run("cost", "price", *arguments, stdin=json.dumps(GPT))
    assert (done.code, done.out) == (2, "")
    assert reason in done.err


def test_it_needs_no_network_no_event_loop_and_no_database(program: Program) -> None:
    """A price is arithmetic over a file: nothing that talks, waits or keeps is imported."""
    code = (
        "import sys; from agentctl.cli.main import run;"
        "status = run(['cost', 'price', 'openai/gpt-5', '--json']);"
        "heavy = {'asyncio', 'httpx', 'pydantic', 'rich', 'sqlite3', 'tomlkit', 'loguru', 'genai_prices'};"
        "sys.exit(status or ', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(GPT),
        capture_output=True,
        text=True,
        env=program.environment,
        cwd=program.home,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["cost_usd"] == "0.0033475"
    assert not list(program.home.rglob("*.db"))
