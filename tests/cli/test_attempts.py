"""What calls are charged for that were retried, cut off, killed or asked about later: the program against servers."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from support import anthropic, openrouter
from support.completions import completion, opening
from support.program import PATIENCE, Program
from support.schemas import validate
from support.server import Drop, Recorded, Script, Server, Stall, Step, answer, sse, stream

OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
PRICES = """
[models."anthropic/claude-sonnet-4-5"]
input = "1"
output = "10"
[models."compatible/m"]
input = "1"
output = "10"
[models."openrouter/anthropic/claude-sonnet-5.5"]
input = "2"
output = "10"
"""
KEY = "sk-or-v1-planted"
BEHIND = 0.25  # seconds that what is on record may lag behind what the provider told
CLAUDE = ["chat", "-m", "anthropic/claude-sonnet-4-5"]
ROUTED = ["chat", "-m", "openrouter/anthropic/claude-sonnet-5.5"]


@pytest.fixture(autouse=True)
def keys(program: Program) -> None:
    """Keys and prices for every server."""
    program.configure(PRICES)
    program.environ |= {"ANTHROPIC_API_KEY": "sk-ant-planted", "OPENROUTER_API_KEY": KEY}


def _at(program: Program, server: Server) -> None:
    program.environ |= {"ANTHROPIC_BASE_URL": server.url, "OPENROUTER_BASE_URL": f"{server.url}/api/v1"}


def _until(process: subprocess.Popen[bytes], text: bytes) -> None:
    """Read its output as far as this."""
    assert process.stdout
    while text not in process.stdout.readline():
        assert process.poll() is None


def _kill_once_named(program: Program, process: subprocess.Popen[bytes]) -> None:
    """Kill a turn once it is on record what the provider calls its answer."""
    named = "SELECT 1 FROM open_calls WHERE response_id IS NOT NULL"
    with closing(sqlite3.connect(program.home / ".local/share/agentctl/agentctl.db")) as raw:
        while raw.execute(named).fetchone() is None:
            assert process.poll() is None
    process.kill()
    process.communicate(timeout=PATIENCE)


def _interrupted(program: Program, ask: Sequence[str], text: bytes) -> dict[str, Any]:
    """The result of a turn that is interrupted once this much of the answer was there."""
    process = program.start(*ask, "-o", "stream-json", "hi")
    _until(process, text)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    validate("chat-result", result)
    return result


def _ledger(program: Program) -> list[tuple[Any, ...]]:
    """Attempt, kind and status of each record that settles one."""
    with closing(sqlite3.connect(program.home / ".local/share/agentctl/agentctl.db")) as raw:
        sql = "SELECT attempt, kind, status FROM usage_ledger WHERE kind <> 'reserve' ORDER BY created_at, attempt"
        return raw.execute(sql).fetchall()


def _reconciled(program: Program, *args: str) -> Any:
    done = program.run("cost", "reconcile", *args, "--json")
    assert done.code == 0, done.err
    validate("cost-reconcile", done.json)
    return done.json


def _asked_later(*texts: str, told: Sequence[Step], then: Sequence[Step] = (Stall(),)) -> Any:
    """An OpenRouter that is cut off after these words, and what it says of that answer later."""
    words = sse(*openrouter.events(*texts, usage=None)[: len(texts)])

    def respond(request: Recorded) -> Script:
        if request.method == "GET":
            assert request.path == f"/api/v1/generation?id={openrouter.ID}"
            assert request.headers["authorization"] == f"Bearer {KEY}"
            return told
        return [*stream(*words, end=False, headers={"X-Generation-Id": openrouter.ID}), *then]

    return respond


def test_a_call_that_is_retried_is_charged_for_each_attempt(program: Program) -> None:
    """The sum over its attempts is what the server billed."""
    begun = stream(*sse(anthropic.start(), OVERLOADED))
    with Server(begun, begun, anthropic.message(anthropic.text("Hello"))) as server:
        _at(program, server)
        result = program.run(*CLAUDE, "-o", "json", "hi").json
    validate("chat-result", result)
    billed = Decimal("0.000019") * 2 + Decimal("0.000039")
    assert (result["text"], result["attempts"], result["status"]) == ("Hello", 3, "final")
    assert (result["usage"]["uncached_input"], result["usage"]["output"]) == (27, 5)
    assert Decimal(result["cost_usd"]) == Decimal(result["session_cost_usd"]) == billed
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) == billed
    assert _ledger(program) == [(1, "charge", "partial"), (2, "charge", "partial"), (3, "charge", "final")]


def test_an_attempt_that_is_refused_is_not_charged(program: Program) -> None:
    """It leaves a record that says so."""
    with Server(answer(503, "busy", {"Retry-After": "0"}), completion("Hello")) as server:
        ask = ["chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1", "-o", "json", "hi"]
        result = program.run(*ask).json
    assert (result["attempts"], result["status"]) == (2, "final")
    assert _ledger(program) == [(1, "release", "final"), (2, "charge", "final")]


def test_an_interrupted_answer_keeps_what_was_reported(program: Program) -> None:
    """Anthropic told the input, and of the output what was there to begin with; the rest of it is estimated."""
    with Server(anthropic.opening(anthropic.text("Hello, ", "world!"), then=[Stall()])) as server:
        _at(program, server)
        result = _interrupted(program, CLAUDE, b"world!")
    assert (result["text"], result["status"]) == ("Hello, world!", "partial")
    assert (result["usage"]["uncached_input"], result["usage"]["output"]) == (9, 1 + 4)
    assert (result["computed_cost_usd"], result["reported_cost_usd"]) == ("0.000059", None)


@pytest.mark.parametrize("then", [Stall(), Drop()])
def test_openrouter_is_asked_what_a_broken_answer_cost(program: Program, then: Step) -> None:
    """Whether the user left or the connection broke: its own word is what the call cost, and final."""
    with Server(_asked_later("Hello", told=answer(200, openrouter.generation()), then=[then])) as server:
        _at(program, server)
        if isinstance(then, Stall):
            result = _interrupted(program, ROUTED, b"Hello")
        else:
            done = program.run(*ROUTED, "-o", "json", "hi")
            assert done.code == 7
            result = done.json
    assert (result["text"], result["status"]) == ("Hello", "final")
    assert (result["cost_usd"], result["reported_cost_usd"]) == ("0.0123", "0.0123")
    assert [result["usage"][name] for name in ("uncached_input", "cache_read", "output")] == [200, 1000, 100]
    assert program.run("cost", "--json").json["cost_usd"] == "0.0123"


def test_a_second_interrupt_does_not_wait_for_the_cost(program: Program) -> None:
    """It ends the process while OpenRouter is still silent; the words that came are not lost, nor is the call."""
    with Server(_asked_later("Hel", "lo", told=[Stall()])) as server:
        _at(program, server)
        process = program.start(*ROUTED, "-o", "stream-json", "hi")
        _until(process, b"lo")
        process.send_signal(signal.SIGINT)
        server.wait_request(2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    (session,) = program.run("sessions", "list", "--json").json
    stored = program.run("sessions", "show", session["id"], "--json").json["messages"][-1]
    assert (stored["text"], stored["status"]) == ("Hello", "partial")
    assert _ledger(program) == [(1, "charge", "estimated")]


def test_a_killed_call_can_be_asked_about_later(program: Program) -> None:
    """`cost reconcile` learns what it cost; from then on that is what it cost, and it is not asked again."""
    with Server(_asked_later("Hello", told=answer(200, openrouter.generation(total_cost=0.5)))) as server:
        _at(program, server)
        process = program.start(*ROUTED, "-o", "stream-json", "hi")
        _until(process, b"Hello")
        _kill_once_named(program, process)
        assert _reconciled(program, "--offline")["calls"] == 0
        estimated = Decimal(program.run("cost", "--json").json["cost_usd"])
        told = _reconciled(program)
        assert (told["asked"], told["learned"], told["calls"]) == (1, 1, 1)
        assert (told["worst"][0]["response_id"], told["worst"][0]["status"]) == (openrouter.ID, "estimated")
        assert Decimal(told["drift_usd"]) == Decimal("0.5") - estimated
        assert program.run("cost", "--json").json["cost_usd"] == "0.5"
        assert _reconciled(program)["asked"] == 0
        assert len(server.requests) == 2


@pytest.mark.parametrize("more", [(), ("--no-save",)])
def test_a_call_that_is_killed_before_a_word_can_be_asked_about(program: Program, more: Sequence[str]) -> None:
    """The header of the answer names it; that is on record though nothing else came, and nothing is reported."""
    with Server(_asked_later(told=answer(200, openrouter.generation(total_cost=0.5)))) as server:
        _at(program, server)
        process = program.start(*ROUTED, *more, "hi")
        server.wait_request(1)
        _kill_once_named(program, process)
        told = _reconciled(program)
        assert (told["asked"], told["learned"]) == (1, 1)
        assert program.run("cost", "--json").json["cost_usd"] == "0.5"


@pytest.mark.parametrize("more", [(), ("--no-save",)])
def test_a_killed_call_is_charged_what_was_reported(program: Program, more: Sequence[str]) -> None:
    """Anthropic tells before the first word what was read of the cache; that is no estimate of ours."""
    usage = anthropic.USAGE | {"cache_read_input_tokens": 500_000, "service_tier": "priority"}
    with Server(anthropic.opening(anthropic.text("Hello, ", "world!"), usage=usage, then=[Stall()])) as server:
        _at(program, server)
        process = program.start(*CLAUDE, *more, "-o", "stream-json", "hi")
        _until(process, b"world!")
        threading.Event().wait(BEHIND)
        process.kill()
        process.communicate(timeout=PATIENCE)
    (line,) = program.run("cost", "--json").json["by_model"]
    assert line["usage"]["cache_read"] == 500_000
    assert (line["usage"]["uncached_input"], line["usage"]["output"]) == (9, 1 if more else 1 + 4)
    assert _ledger(program) == [(1, "charge", "partial")]
    with closing(sqlite3.connect(program.home / ".local/share/agentctl/agentctl.db")) as raw:
        query = "SELECT raw_usage, service_tier, response_id FROM usage_ledger WHERE kind = 'charge'"
        ((told, tier, response_id),) = raw.execute(query)
    assert (json.loads(told)["cache_read_input_tokens"], tier, response_id) == (500_000, "priority", "msg_1")


def test_a_provider_that_cannot_be_asked_is_told(program: Program) -> None:
    """Without a key, or a network, the rest is still compared."""
    with Server(_asked_later("Hello", told=answer(401, openrouter.refusal(401, "No auth")))) as server:
        _at(program, server)
        process = program.start(*ROUTED, "-o", "stream-json", "hi")
        _until(process, b"Hello")
        _kill_once_named(program, process)
        for unset in ({}, {"OPENROUTER_API_KEY": ""}):
            done = program.run("cost", "reconcile", env=unset)
            assert (done.code, done.out) == (0, "no provider has reported a cost that was also computed\n")
            assert "openrouter can't be asked: " in done.err
            assert "hint: " in done.err
            assert KEY not in done.err


def test_drift_is_told(program: Program) -> None:
    """A table by model and provider, the worst calls, and a note where prices may have changed."""
    with Server(openrouter.completion("Hello")) as server:
        _at(program, server)
        program.run(*ROUTED, "hi")
    document = _reconciled(program, "--since", "1h")
    sums = {name: value for name, value in document.items() if name in document["by_model"][0]}
    assert document["by_model"] == [{"model": "openrouter/anthropic/claude-sonnet-5.5", **sums}]
    assert document["by_provider"] == [{"provider": "openrouter", **sums}]
    assert (document["reported_usd"], document["calls"]) == ("0.0414", 1)
    assert Decimal(document["computed_usd"]) + Decimal(document["drift_usd"]) == Decimal("0.0414")
    done = program.run("cost", "reconcile")
    assert done.code == 0
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert lines[0] == ["model", "calls", "computed", "reported", "drift", "%"]
    assert [line[0] for line in lines[1:4]] == ["openrouter/anthropic/claude-sonnet-5.5", "openrouter", "total"]
    assert lines[5][1:3] == ["openrouter/anthropic/claude-sonnet-5.5", "final"]
    assert "openrouter/anthropic/claude-sonnet-5.5: $0.041 was charged and " in done.err
    assert _reconciled(program, "--since", "2999-01-01")["calls"] == 0
    assert program.run("cost", "reconcile", "--session", "nobody").code == 2


@pytest.fixture
def talker() -> Iterator[Server]:
    """A server that says hello."""
    with Server(completion("Hello")) as running:
        yield running


def test_calls_are_booked_under_a_tag(program: Program, talker: Server) -> None:
    """The flag's, else the environment's, else the one that the project sets, trusted or not."""
    ask = ["chat", "-m", "compatible/m", "--base-url", f"{talker.url}/v1", "hi"]
    project = program.home / ".agentctl/config.toml"
    project.parent.mkdir()
    project.write_text('tag = "of the project"')
    program.run(*ask)
    program.run(*ask, env={"AGENTCTL_TAG": "of the variable"})
    program.run(*ask, "--tag", "of the flag", env={"AGENTCTL_TAG": "of the variable"})
    tags = {line["tag"]: line["calls"] for line in program.run("cost", "--json").json["by_tag"]}
    assert tags == {"of the project": 1, "of the variable": 1, "of the flag": 1}
    calls = len(talker.requests)
    project.write_text(f'tag = "{"x" * 65}"')
    assert program.run(*ask).code == 3
    project.unlink()
    for given in (["--tag", " "], ["--tag", "x" * 65], ["--tag", "a\nb"]):
        refused = program.run(*ask, *given)
        assert (refused.code, "tag" in refused.err) == (2, True)
    assert program.run(*ask[:1], "-m", f"openai/{'x' * 250}", "hi").code == 2
    assert len(talker.requests) == calls


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_kill_during_any_attempt_leaves_one_record_each(program: Program, number: int) -> None:
    """Those that were refused are released, the one under way is charged an estimate."""
    busy = answer(503, "busy", {"Retry-After": "0"})
    with Server(*[busy] * (number - 1), opening(then=[Stall()])) as server:
        process = program.start("chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1", "hi")
        server.wait_request(number)
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert program.run("cost", "--json").json["calls"] == 1
    assert sorted(_ledger(program)) == [
        *((attempt, "release", "final") for attempt in range(1, number)),
        (number, "charge", "estimated"),
    ]
