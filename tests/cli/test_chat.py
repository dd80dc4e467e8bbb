"""`agentctl chat` as its users run it: a process, pipes, signals."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest
from support.completions import completion, opening
from support.program import AGENTCTL, PATIENCE, Program
from support.schemas import validate
from support.server import Server, Stall

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
PRICES = """
[models."compatible/m"]
input = "1"
output = "10"
cache_read = "0.5"
"""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that says hello."""
    with Server(completion("Hel", "lo", usage=USAGE)) as running:
        yield running


def _ask(server: Server) -> list[str]:
    return ["chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1"]


def test_stdout_carries_the_answer_and_stderr_the_rest(program: Program, server: Server) -> None:
    """A pipe gets the answer alone; the summary names model, tokens, cost, session and time."""
    program.configure(PRICES)
    done = program.run(*_ask(server), "hi")
    assert (done.code, done.out) == (0, "Hello\n")
    assert "compatible/m · 9 in (4 cached) · 3 out · $0.000037 · session $0.000037 ·" in done.err
    assert "\x1b" not in done.out + done.err


def test_quiet_leaves_stderr_empty(program: Program, server: Server) -> None:
    """-q prints nothing but the answer."""
    done = program.run(*_ask(server), "-q", "hi")
    assert (done.out, done.err) == ("Hello\n", "")


def test_json_is_one_document_of_the_published_shape(program: Program, server: Server) -> None:
    """-o json prints usage in disjoint buckets and exact costs, as docs/schemas says."""
    program.configure(PRICES)
    result = program.run(*_ask(server), "-o", "json", "hi").json
    validate("chat-result", result)
    assert result["usage"] == {
        "uncached_input": 5,
        "cache_read": 4,
        "cache_write_short": 0,
        "cache_write_long": 0,
        "output": 3,
    }
    assert (result["text"], result["stop_reason"], result["status"]) == ("Hello", "end_turn", "final")
    assert Decimal(result["cost_usd"]) == Decimal("0.000037")
    again = program.run(*_ask(server), "-c", "-o", "json", "more").json
    assert again["session_id"] == result["session_id"]
    assert Decimal(again["session_cost_usd"]) == Decimal("0.000074")


def test_stream_json_is_an_event_a_line_and_ends_in_a_result(program: Program, server: Server) -> None:
    """Each line is a versioned event of the published shape."""
    events = program.run(*_ask(server), "-o", "stream-json", "hi").lines
    for event in events:
        validate("chat-event", event)
    assert [event["type"] for event in events] == ["session", "text", "text", "usage", "result"]
    assert "".join(event["text"] for event in events if event["type"] == "text") == events[-1]["text"] == "Hello"


def test_an_unknown_price_is_null_and_never_zero(program: Program, server: Server) -> None:
    """Without a price the cost is unknown, and so is the session's sum; the known part is told beside it."""
    result = program.run(*_ask(server), "-o", "json", "hi").json
    assert (result["cost_usd"], result["session_cost_usd"], result["session_cost_known_usd"]) == (None, None, "0")
    assert "unknown" in program.run(*_ask(server), "hi").err


@pytest.mark.parametrize("form", ["json", "stream-json"])
@pytest.mark.parametrize("arguments", [["-m", "nonsense"], ["--max-output", "many"], ["--no-such-option"]])
def test_a_failure_before_the_turn_ends_in_a_result_too(program: Program, form: str, arguments: list[str]) -> None:
    """A program that reads JSON learns why there is no answer."""
    done = program.run("chat", "-o", form, *arguments, "hi")
    result = done.lines[-1]
    validate("chat-result", result)
    assert done.code == 2
    assert result["error"]["kind"] == "usage"
    assert (result["text"], result["stop_reason"]) == ("", "error")


def test_resuming_sends_the_history_and_the_system_prompt(program: Program, server: Server) -> None:
    """-c goes on with the latest session and its model, -r with a named one; the first system prompt holds."""
    first = program.run(*_ask(server), "-s", "be brief", "-o", "json", "one").json
    program.run("chat", "--base-url", f"{server.url}/v1", "-c", "two")
    program.run("chat", "--base-url", f"{server.url}/v1", "-r", first["session_id"][:20], "-s", "be long", "three")
    assert [message["content"] for message in server.requests[1].json["messages"]] == [
        "be brief",
        "one",
        "Hello",
        "two",
    ]
    roles = [message["role"] for message in server.requests[2].json["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert server.requests[2].json["messages"][0]["content"] == "be long"
    assert server.requests[1].json["model"] == "m"


def test_options_reach_the_server(program: Program, server: Server, tmp_path: Path) -> None:
    """Temperature, output limit and schema are in the request."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {}}')
    program.run(*_ask(server), "--temperature", "0", "--max-output", "7", "--schema", schema, "hi")
    body = server.requests[0].json
    assert (body["temperature"], body["max_tokens"]) == (0, 7)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object", "properties": {}}


def test_files_and_pipes_become_part_of_the_message(program: Program, server: Server) -> None:
    """Piped text stands before the prompt, @FILE and -a attach; a name that is no file stays text."""
    (program.home / "notes.txt").write_text("remember the milk")
    (program.home / "dot.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    program.run(*_ask(server), "see @notes.txt and @nobody", "-a", "dot.png", stdin="piped words")
    sent = json.dumps(server.requests[0].json["messages"])
    for expected in ("remember the milk", "notes.txt", "piped words", "@nobody", "data:image/png;base64,"):
        assert expected in sent


def test_a_prompt_can_come_through_the_pipe_alone(program: Program, server: Server) -> None:
    """Without PROMPT, and with `-`, standard input is the prompt."""
    for arguments in ([], ["-"]):
        program.run(*_ask(server), *arguments, stdin="from the pipe")
    assert [request.json["messages"][-1]["content"] for request in server.requests] == ["from the pipe"] * 2


def test_an_open_silent_pipe_does_not_block_a_prompt(program: Program, server: Server) -> None:
    """With a prompt and a pipe that never speaks nor closes, the answer comes all the same, with a hint."""
    reader, writer = os.pipe()
    try:
        process = program.start(*_ask(server), "hi", stdin=reader)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        os.close(reader)
        os.close(writer)
    assert (process.returncode, out) == (0, b"Hello\n")
    assert b"silent" in err


def test_an_empty_prompt_is_a_usage_error(program: Program) -> None:
    """There is nothing to send."""
    done = program.run("chat", "-m", "compatible/m", "  ")
    assert done.code == 2
    assert "hint:" in done.err


def test_a_reader_that_leaves_ends_the_answer_quietly(program: Program) -> None:
    """`| head -1` is no error: exit 0, nothing said about the pipe, the partial answer stored, the server let go."""
    with Server(opening("one\n", *["more\n"] * 3000, then=[Stall()])) as server:
        process = program.start(*_ask(server), "hi")
        assert process.stdout
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert b"roken pipe" not in process.stderr.read()
        process.stderr.close()
    (stored,) = _answers(program)
    assert stored["text"].startswith("one\n")
    assert stored["status"] == "partial"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stores_the_partial_answer(program: Program, number: signal.Signals) -> None:
    """The exit code tells the signal, the result says cancelled, and the words that came are in the session."""
    with Server(opening("par", "tial", then=[Stall()])) as server:
        process = program.start(*_ask(server), "-o", "stream-json", "hi")
        assert process.stdout
        while b"tial" not in process.stdout.readline():
            pass
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE)
        server.requests[0].wait_gone()
    result = json.loads(out.splitlines()[-1])
    validate("chat-result", result)
    assert process.returncode == 128 + number
    assert (result["text"], result["stop_reason"], result["status"]) == ("partial", "cancelled", "estimated")
    (stored,) = _answers(program)
    assert (stored["text"], stored["status"]) == ("partial", "partial")


def test_no_save_keeps_the_cost_and_not_the_words(program: Program, server: Server) -> None:
    """The conversation is nowhere; what it cost is in the ledger."""
    program.configure(PRICES)
    result = program.run(*_ask(server), "--no-save", "-o", "json", "a secret").json
    assert result["session_id"] is None
    assert program.run("sessions", "list", "--json").json == []
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) == Decimal("0.000037")
    for path in (program.home / ".local/share/agentctl").glob("agentctl.db*"):
        assert not path.is_file() or b"a secret" not in path.read_bytes()


def test_dry_run_sends_and_stores_nothing(program: Program, server: Server) -> None:
    """The request is shown with its price and without the key."""
    program.configure(PRICES)
    program.environ["OPENAI_API_KEY"] = "sk-very-secret-key"
    done = program.run(*_ask(server), "--dry-run", "hi")
    assert done.code == 0
    validate("chat-dry-run", done.json)
    assert done.json["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert done.json["estimated_input_tokens"] > 0
    assert Decimal(done.json["estimated_input_cost_usd"]) > 0
    assert "very-secret" not in done.out + done.err
    assert server.requests == []
    assert program.run("sessions", "list", "--json").json == []


def test_without_a_model_the_embedded_one_is_offered(program: Program) -> None:
    """Nothing is configured and nobody can be asked: exit 3 with the command that helps."""
    done = program.run("chat", "hi")
    assert done.code == 3
    assert "agentctl models pull smollm2" in done.err


def test_no_stream_prints_the_answer_at_once(program: Program, server: Server) -> None:
    """The text is the same; it only comes later."""
    assert program.run(*_ask(server), "--no-stream", "hi").out == "Hello\n"


def test_two_processes_in_one_session_take_turns(program: Program) -> None:
    """Each question is followed by its own answer, however many processes ask at once."""
    with Server(lambda request: completion(f"re:{request.json['messages'][-1]['content']}")) as server:
        session = program.run(*_ask(server), "-o", "json", "first").json["session_id"]
        asking = [program.start(*_ask(server), "-r", session, f"question {n}") for n in range(6)]
        for process in asking:
            _, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, err
    messages = program.run("sessions", "show", session, "--json").json["messages"]
    texts = [message["text"] for message in messages]
    assert texts[1::2] == [f"re:{text}" for text in texts[::2]]
    assert sorted(texts[2::2]) == [f"question {n}" for n in range(6)]


def test_many_processes_share_a_database(program: Program, server: Server) -> None:
    """Eight processes with a session each: all stored, no lock error shown."""
    asking = [program.start(*_ask(server), f"question {n}") for n in range(8)]
    for process in asking:
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (0, b"Hello\n"), err
        assert b"lock" not in err
    assert len(program.run("sessions", "list", "--json").json) == 8


def _answers(program: Program) -> list[dict[str, Any]]:
    (session,) = program.run("sessions", "list", "--json").json
    shown = program.run("sessions", "show", session["id"], "--json").json
    return [message for message in shown["messages"] if message["role"] == "assistant"]


def test_the_embedded_terminal_chat_is_a_conversation(program: Program, server: Server) -> None:
    """On a terminal without PROMPT each line is a turn of one session; Ctrl-D ends with the command to go on."""
    child = pexpect.spawn(
        str(AGENTCTL),
        _ask(server),
        env={**program.environment, "TERM": "xterm"},
        cwd=str(program.home),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    for line in ("one", "two"):
        child.expect("> ")
        child.sendline(line)
        child.expect("Hello")
        child.expect("session")
    child.expect("> ")
    child.sendeof()
    child.expect(r"agentctl chat -r \w{26}")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    (session,) = program.run("sessions", "list", "--json").json
    assert session["messages"] == 4


SCRIPT = """
{"type": "text", "text": "line one\\nline two"}
{"type": "done", "stop_reason": "end_turn", "delay_ms": 200}
"""


@pytest.mark.parametrize("options", [["-o", "json"], ["-o", "stream-json"], ["--no-stream"], []])
def test_a_reader_that_leaves_at_any_event_is_no_error(program: Program, options: list[str]) -> None:
    """However late the pipe closes, the exit code is 0 and no traceback is shown."""
    (program.home / "script.jsonl").write_text(SCRIPT)
    process = program.start("chat", "-m", "scripted/script.jsonl", *options, "hi")
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(PATIENCE) == 0, err
    assert "Traceback" not in err


def test_no_save_leaves_a_session_as_it_was(program: Program, server: Server) -> None:
    """With -c it reads the session's history and adds nothing to it."""
    first = program.run(*_ask(server), "-o", "json", "one").json
    second = program.run(*_ask(server), "-c", "--no-save", "-o", "json", "two").json
    assert second["session_id"] is None
    assert [message["content"] for message in server.requests[1].json["messages"]] == ["one", "Hello", "two"]
    shown = program.run("sessions", "show", first["session_id"], "--json").json
    assert [message["text"] for message in shown["messages"]] == ["one", "Hello"]


def test_mentions_end_before_punctuation_and_may_be_quoted(program: Program, server: Server) -> None:
    """@setup.py? is the file and a question mark; @"a b.txt" is a file with a space; odd words stay text."""
    (program.home / "setup.py").write_text("import setuptools")
    (program.home / "a b.txt").write_text("spaced out")
    prompt = f'What is wrong in @setup.py? And in @"a b.txt", or @media({"x" * 300}), @~nobody/x and @\'?'
    done = program.run(*_ask(server), prompt)
    assert done.code == 0, done.err
    sent = json.dumps(server.requests[0].json["messages"])
    assert "import setuptools" in sent
    assert "spaced out" in sent
    assert "@media(" in sent


@pytest.mark.parametrize("name", ["/dev/zero", "/nonexistent", ".", "~nobody-here/x", "x" * 300])
def test_what_cannot_be_attached_is_told(program: Program, name: str) -> None:
    """Devices, directories and names that are none: exit 2 with the name, at once."""
    done = program.run("chat", "-m", "scripted/x", "-a", name, "hi")
    assert done.code == 2
    assert f"can't attach {name}" in done.err


@pytest.mark.parametrize("arguments", [["--temperature", "nan"], ["--schema", "/dev/zero"], ["--schema", "nan.json"]])
def test_options_that_make_no_sense_are_told(program: Program, arguments: list[str]) -> None:
    """Numbers that are none and schemas that are none: exit 2, nothing sent."""
    (program.home / "nan.json").write_text('{"minimum": NaN}')
    done = program.run("chat", "-m", "scripted/x", *arguments, "hi")
    assert done.code == 2, done.err
    assert "hint:" in done.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(program: Program, encoding: str) -> None:
    """What the encoding of stdout lacks is escaped as JSON escapes it, lone surrogates too."""
    (program.home / "script.jsonl").write_text('{"type": "text", "text": "caf\\u00e9 \\ud83d\\ude00 \\udc80"}\n')
    program.environ["PYTHONIOENCODING"] = encoding
    process = program.start("chat", "-m", "scripted/script.jsonl", "-o", "json", "hi")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert json.loads(out.decode(encoding))["text"] == "café 😀 \udc80"


def test_standard_streams_that_are_closed_or_full_are_no_crash(program: Program, server: Server) -> None:
    """No traceback, and no file of ours in the place of a closed stream."""
    command = " ".join(map(shlex.quote, [str(AGENTCTL), *_ask(server)]))
    for redirection, code in ((">&-", 0), ("2>&-", 0), ("<&-", 0), (">/dev/full", 1), ("2>/dev/full", 0)):
        done = subprocess.run(
            ["sh", "-c", f"{command} hi {redirection}"],
            capture_output=True,
            text=True,
            cwd=program.home,
            env=program.environment,
            timeout=PATIENCE,
            check=False,
        )
        assert (redirection, done.returncode) == (redirection, code), done.stderr
        assert "Traceback" not in done.stderr
        assert "unexpected" not in done.stderr
    for redirection in (">&-", ">/dev/full"):
        version = subprocess.run(["sh", "-c", f"{AGENTCTL} --version {redirection}"], capture_output=True, check=False)
        assert version.stderr == b""


def test_an_interrupt_before_the_turn_ends_in_a_result(program: Program) -> None:
    """SIGINT while the prompt is awaited: exit 130, and the last line is a result that says cancelled."""
    reader, writer = os.pipe()
    process = program.start("chat", "-m", "scripted/x", "-o", "stream-json", "-", stdin=reader, bufsize=0)
    os.close(reader)
    while "pipe_read" not in Path(f"/proc/{process.pid}/wchan").read_text() and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    os.close(writer)
    assert process.returncode == 130, err
    result = json.loads(out.splitlines()[-1])
    validate("chat-result", result)
    assert (result["type"], result["stop_reason"]) == ("result", "cancelled")
    assert b"Traceback" not in err


def test_an_interrupt_between_attempts_costs_nothing(program: Program) -> None:
    """Nobody answered, so nobody bills: the call is released and told as cancelled."""
    program.configure(PRICES)
    process = program.start("chat", "-m", "compatible/m", "--base-url", "http://127.0.0.1:9/v1", "-o", "json", "hi")
    assert process.stderr
    assert b"can't connect" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert (result["stop_reason"], result["cost_usd"], result["session_cost_usd"]) == ("cancelled", "0", "0")
    assert program.run("cost", "--json").json["calls"] == 0


def test_the_terminal_chat_ends_with_sigterm(program: Program) -> None:
    """SIGTERM in the middle of an answer stores it and ends the conversation with 143."""
    with Server(opening("par", "tial", then=[Stall()])) as server:
        child = pexpect.spawn(
            str(AGENTCTL), _ask(server), env=program.environment, cwd=str(program.home), timeout=PATIENCE
        )
        child.expect("> ")
        child.sendline("hi")
        child.expect("partial")
        child.kill(signal.SIGTERM)
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 143
    assert [answer["text"] for answer in _answers(program)] == ["partial"]
