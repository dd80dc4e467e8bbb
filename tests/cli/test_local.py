"""The embedded model, from the command line."""

from __future__ import annotations

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from support.llama import NAME, llama_server, models
from support.program import PATIENCE, Program

QUESTION = "What is the capital of France?"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def stocked(program: Program) -> Program:
    """Agentctl with the embedded model in its home."""
    directory = program.home / ".local/share/agentctl/models"
    directory.mkdir(parents=True)
    (directory / f"{NAME}.gguf").symlink_to(models() / f"{NAME}.gguf")
    return program


def test_it_answers_and_everything_agrees(stocked: Program) -> None:
    """Stdout is an answer that names Paris and nothing else; session and cost tell the same; its price is 0, known."""
    answer = stocked.run("chat", "-m", "local/smollm2", "--temperature", "0", QUESTION)
    assert answer.code == 0, answer.err
    assert re.fullmatch(r"[^\n]*Paris[^\n]*\n", answer.out)
    assert len(answer.err.splitlines()) == 1  # the summary, and nothing of llama.cpp's
    (session,) = stocked.run("sessions", "list", "--json").json
    shown = stocked.run("sessions", "show", session["id"], "--json").json
    assert [message["text"] for message in shown["messages"]] == [QUESTION, answer.out.strip()]
    cost = stocked.run("cost", "--json").json
    assert (cost["calls"], cost["cost_usd"], shown["cost_usd"]) == (1, "0", "0")
    assert cost["usage"]["output"] > 0
    tokens = f"{cost['usage']['uncached_input']} in (0 cached) · {cost['usage']['output']} out · $0 · session $0"
    assert tokens in answer.err


def test_llama_cpp_over_http_gives_the_same_answer(stocked: Program) -> None:
    """The embedded model and an independent server of the same weights say the same, with the same tokens."""
    ours = stocked.run("chat", "-m", "local/smollm2", "--temperature", "0", "-o", "json", QUESTION).json
    with llama_server() as url:
        ask = ["chat", "-m", "compatible/smollm2", "--base-url", f"{url}/v1", "--temperature", "0", "-o", "json"]
        theirs = stocked.run(*ask, QUESTION).json
    assert theirs["text"] == ours["text"]
    assert theirs["usage"] == ours["usage"]
    assert (ours["cost_usd"], theirs["cost_usd"]) == ("0", None)


def test_a_conversation_goes_on_and_reads_its_cache(stocked: Program) -> None:
    """-c needs no -m: the model that answered last answers again."""
    stocked.run("chat", "-m", "local/smollm2", "--temperature", "0", "My name is Ada. Say hello.")
    second = stocked.run("chat", "-c", "--temperature", "0", "-o", "json", "What is my name?").json
    assert second["model"] == "local/smollm2"
    assert Decimal(second["session_cost_usd"]) == 0
    (session,) = stocked.run("sessions", "list", "--json").json
    assert session["messages"] == 4


def test_a_schema_holds(stocked: Program, tmp_path: Path) -> None:
    """--schema makes the answer JSON of that shape."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}')
    ask = ["chat", "-m", "local/smollm2", "--temperature", "0", "--max-output", "60", "--schema", str(schema)]
    assert set(json.loads(stocked.run(*ask, QUESTION).out)) == {"city"}


def test_an_overflow_is_told(stocked: Program) -> None:
    """More than the context window: exit 6 and a hint, nothing charged."""
    done = stocked.run("chat", "-m", "local/smollm2", stdin="word " * 20_000)
    assert done.code == 6
    assert "hint:" in done.err


def test_make_chat_answers_off_a_terminal(stocked: Program) -> None:
    """`make chat` asks its built-in question, or the PROMPT it is given."""
    for arguments, expected in (([], "Paris"), (['PROMPT=Say "yes" and nothing else.'], "")):
        done = subprocess.run(
            ["make", "--no-print-directory", "-C", str(ROOT), "chat", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=stocked.environment,
            timeout=PATIENCE * 5,
            check=True,
        )
        assert expected in done.stdout
        assert done.stdout.strip()
