"""`agentctl estimate`, run as a program in an empty home: nothing is sent, kept or changed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import schemas
from support.completions import completion
from support.program import Outcome, Program
from support.server import Server, answer

MINE = """
model = "compatible/mine"
[models."compatible/mine"]
input = "0"
output = "2"
window = 2000
max_output = 500
[models."compatible/wide"]
input = "0"
output = "1"
window = 100000
max_output = 1000
"""
NAMES = {
    "model", "input_tokens", "error_bar", "exact", "max_input", "window", "max_output", "fits", "cost_usd",
}  # fmt: skip


def documents(done: Outcome) -> list[dict[str, Any]]:
    """The JSON output, which is as the schema says."""
    found: list[dict[str, Any]] = done.json
    schemas.validate("estimate", found)
    return found


def estimated(program: Program, *args: str | Path, stdin: str | bytes | None = None) -> dict[str, Any]:
    """The estimate for one model."""
    done = program.run("estimate", "--json", *args, stdin=stdin)
    assert done.code == 0, done.err
    (found,) = documents(done)
    return found


def files(home: Path) -> dict[Path, bytes]:
    """All files of a home, but for the index that SQLite shares between readers."""
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix != ".db-shm"}


def talk(program: Program, *args: str, usage: tuple[int, int] = (8, 3)) -> None:
    """Have a turn with a server that reports so many tokens of input and output."""
    with Server(completion("Paris.", usage={"prompt_tokens": usage[0], "completion_tokens": usage[1]})) as server:
        done = program.run("chat", "-m", "compatible/mine", "--base-url", f"{server.url}/v1", *args)
    assert done.code == 0, done.err


def test_the_document(program: Program) -> None:
    """JSON is a list with these names, ceilings and dollars; it needs no key and makes no file."""
    found = estimated(program, "What is the capital of France?", "-m", "openai/gpt-4o")
    assert set(found) == NAMES
    assert (found["model"], found["fits"], found["exact"], found["error_bar"]) == ("openai/gpt-4o", True, True, 0)
    assert (found["input_tokens"], found["window"], found["max_output"]) == (14, 128_000, 16_384)
    low, likely, high = (Decimal(found["cost_usd"][name]) for name in ("low", "likely", "high"))
    assert low == 14 * Decimal("2.5") / 10**6
    assert likely == low + 400 * Decimal(10) / 10**6
    assert high == low + 16_384 * Decimal(10) / 10**6
    assert not files(program.home)


def test_models_are_told_in_the_order_in_which_they_are_named(program: Program) -> None:
    """There is a document for each -m, aliases too."""
    program.configure('[aliases]\nquick = "google/gemini-2.5-flash"')
    done = program.run("estimate", "hi", "-m", "openai/gpt-5", "-m", "quick", "-m", "nobody/knows", "--json")
    found = documents(done)
    assert [one["model"] for one in found] == ["openai/gpt-5", "google/gemini-2.5-flash", "nobody/knows"]
    assert (found[2]["fits"], found[2]["cost_usd"]) == (None, {"low": None, "likely": None, "high": None})


def test_people_get_a_table_and_remarks(program: Program) -> None:
    """A line for each model, and beside it what the numbers do not say."""
    done = program.run("estimate", "hi", "-m", "openai/gpt-4o", "-m", "nobody/knows")
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert lines[0] == ["model", "input", "counted by", "takes", "answers with", "fits", "low", "likely", "high"]
    assert lines[1][:6] == ["openai/gpt-4o", "8 tokens", "o200k_base", "128,000", "16,384", "yes"]
    assert lines[2][3:] == ["unknown"] * 6
    assert done.err == "openai/gpt-4o: too short for a cache, which takes 1,024 tokens or more\n"


def test_the_prompt_is_read_as_chat_reads_it(program: Program) -> None:
    """Words, files after an @ (with blanks and apart, too), attached ones and a pipe count; so do -s and --schema."""
    (program.home / "a file.txt").write_text("one two three four five " * 20)
    (program.home / "schema.json").write_text(json.dumps({"type": "object", "properties": {"x": {"type": "string"}}}))
    ask = ("-m", "openai/gpt-4o")
    plain = estimated(program, "Sum up", *ask)["input_tokens"]
    forms: list[tuple[tuple[str, ...], str | None]] = [
        (("Sum up", "@a file.txt"), None),
        (('Sum up @"a file.txt"',), None),
        (("Sum up", "-a", "a file.txt"), None),
        (("Sum up",), "one two three four five " * 20),
        (("-",), "Sum up " + "one two three four five " * 20),
        (("-", "@a file.txt"), "Sum up"),
        (("Sum up", "-s", "one two three four five " * 20), None),
    ]
    for args, stdin in forms:
        assert plain + 100 <= estimated(program, *args, *ask, stdin=stdin)["input_tokens"] <= plain + 130, args
    assert estimated(program, "Sum up", "--schema", "schema.json", *ask)["input_tokens"] > plain + 5


@pytest.mark.parametrize("args", [("-", "another"), ("", "-m", "openai/gpt-5"), ("hi", "--max-cost", "much")])
def test_what_makes_no_sense_is_refused(program: Program, args: tuple[str, ...]) -> None:
    """Two prompts, none, and a sum that is none leave with 2 and a hint, and without a document."""
    done = program.run("estimate", *args, "--json")
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err


def test_a_session_counts_with_all_that_was_said(program: Program) -> None:
    """Without -m the model is the one that answered, and the input has what was said; the database stays as it is."""
    program.configure(MINE)
    talk(program, "What is the capital of France? " * 20)
    program.run("sessions", "rename", program.run("sessions", "list", "--json").json[0]["id"], "france")
    program.configure(MINE.replace('model = "compatible/mine"', 'model = "openai/gpt-5"'))
    before = files(program.home)
    alone = estimated(program, "And of Spain?", "-m", "compatible/mine")
    found = estimated(program, "And of Spain?", "--session", "france")
    assert found["model"] == "compatible/mine"
    assert found["input_tokens"] > alone["input_tokens"] + 100
    assert estimated(program, "hi")["model"] == "openai/gpt-5"
    assert files(program.home) == before
    missing = program.run("estimate", "hi", "--session", "spain")
    assert missing.code == 2


def test_the_likely_cost_is_that_of_ones_own_calls(program: Program) -> None:
    """The answer is as long as those of the ledger, and only of this model."""
    program.configure(MINE)
    assert Decimal(estimated(program, "hi")["cost_usd"]["likely"]) == 400 * Decimal(2) / 10**6
    talk(program, "hi", usage=(8, 30))
    talk(program, "hi", usage=(8, 50))
    assert Decimal(estimated(program, "hi")["cost_usd"]["likely"]) == 40 * Decimal(2) / 10**6
    assert Decimal(estimated(program, "hi", "-m", "compatible/wide")["cost_usd"]["likely"]) == Decimal("0.0004")


def test_the_high_cost_is_that_of_the_longest_answer_that_fits(program: Program) -> None:
    """It is the model's longest, the wished one, or what a long prompt leaves of the window; a cut is told of."""
    program.configure(MINE)
    assert Decimal(estimated(program, "hi")["cost_usd"]["high"]) == Decimal("0.001")
    assert Decimal(estimated(program, "hi", "--max-output", "10")["cost_usd"]["high"]) == Decimal("0.00002")
    done = program.run("estimate", "hi", "--max-output", "501", "--json")
    assert documents(done)[0]["cost_usd"]["high"] == "0.001"
    assert "compatible/mine may answer with 500 tokens, not 501: that is all it can write" in done.err


def test_check_leaves_with_6_where_it_does_not_fit(program: Program) -> None:
    """The table is printed all the same, and the error names what would fit; without --check the code is 0."""
    program.configure(MINE)
    long = "one two three four five " * 2_000
    ask = ("estimate", "-", "-m", "compatible/wide", "-m", "compatible/mine", "--json")
    assert program.run(*ask, stdin=long).code == 0
    done = program.run(*ask, "--check", stdin=long)
    wide, mine = documents(done)
    assert (done.code, wide["fits"], mine["fits"]) == (6, True, False)
    assert mine["cost_usd"] == {"low": None, "likely": None, "high": None}
    assert "error: compatible/mine takes 1,999 tokens of input:" in done.err
    assert "or ask compatible/wide, which takes 99,999" in done.err
    assert program.run(*ask, "--check", stdin="hi").code == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--max-cost", "0.001"), 0),
        (("--max-cost", "$0.0009"), 5),
        (("--max-cost", "0.0009", "--max-output", "450"), 0),
        (("--max-cost", "0.0009", "-m", "nobody/knows"), 5),
        (("--max-cost", "0"), 5),
    ],
)
def test_max_cost_leaves_with_5_where_it_may_cost_more(program: Program, args: tuple[str, ...], code: int) -> None:
    """What counts is the most that it can cost; that of an unknown price may be anything."""
    program.configure(MINE)
    done = program.run("estimate", "hi", "--json", *args)
    assert done.code == code, done.err
    assert len(documents(done)) == 1
    assert ("hint:" in done.err) == (code == 5)


def test_remote_asks_the_providers(program: Program) -> None:
    """The provider's own count is exact; where it can't be asked they are counted here, and nothing else is sent."""
    program.environ |= {"ANTHROPIC_API_KEY": "sk-ant-planted"}
    with Server(answer(200, {"input_tokens": 13})) as server:
        program.environ |= {"ANTHROPIC_BASE_URL": server.url}
        ask = ("estimate", "hi", "-m", "anthropic/claude-sonnet-4-5", "--json")
        offline = documents(program.run(*ask))[0]
        assert not server.requests
        told, local = documents(program.run(*ask, "-m", "local/smollm2", "--remote"))
    assert (offline["exact"], told["input_tokens"], told["error_bar"], told["exact"]) == (False, 13, 0, True)
    assert (local["model"], local["exact"]) == ("local/smollm2", False)
    assert [request.path for request in server.requests] == ["/v1/messages/count_tokens"]


def test_remote_fails_as_the_provider_does(program: Program) -> None:
    """Without a key nothing is asked, and a refusal is told with its code."""
    assert program.run("estimate", "hi", "-m", "anthropic/claude-sonnet-4-5", "--remote").code in {3, 4}
    program.environ |= {"ANTHROPIC_API_KEY": "sk-ant-planted"}
    error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
    with Server(answer(401, error)) as server:
        program.environ |= {"ANTHROPIC_BASE_URL": server.url}
        done = program.run("estimate", "hi", "-m", "anthropic/claude-sonnet-4-5", "--remote")
    assert (done.code, done.out) == (4, "")


def test_what_may_fit_counts_with_what_it_may_cost(program: Program) -> None:
    """`chat` would ask the provider and send it, so a script is not told that it costs nothing."""
    name = "anthropic/claude-sonnet-4-5"
    program.configure(f'[models."{name}"]\nwindow = 400\n')
    words = "word " * 300
    assert program.run("estimate", words, "-m", name, "--check").code == 6
    assert program.run("estimate", words, "-m", name, "--max-cost", "0.000001").code == 5
    assert program.run("estimate", words, "-m", name, "--max-cost", "100").code == 0
