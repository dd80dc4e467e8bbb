"""Everything that can go wrong with a chat: the exit code, a clear line, a hint, and nothing lost."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.completions import completion, opening
from support.privileges import drop_privileges
from support.program import AGENTCTL, PATIENCE, Outcome, Program
from support.schemas import validate
from support.server import Drop, Pause, Script, Send, Server, Stall, answer, chunk, sse, stream

OPENING = opening("par", "tial")


def _then(*data: bytes) -> list[Script]:
    """An answer that begins well, goes on with these bytes, and ends."""
    return [[*OPENING, *(Send(chunk(one)) for one in data), Send(b"0\r\n\r\n")]]


def _refused(status: int, message: str, **fields: str) -> Script:
    return answer(status, {"error": {"message": message, **fields}})


@dataclass(frozen=True)
class Fault:
    """What the server does, and what the user is told: exit code, words, text of the answer, requests made."""

    scripts: Sequence[Script]
    code: int
    told: str
    text: str = ""
    requests: int = 1
    calls: int = 0  # in the ledger
    arguments: tuple[str, ...] = ()


FAULTS = {
    "bad key": Fault([_refused(401, "Incorrect API key provided")], 4, "key"),
    "unknown model": Fault([_refused(404, "The model `m` does not exist", code="model_not_found")], 7, "model"),
    "rate limit, then success": Fault(
        [answer(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}), completion("fine")],
        0,
        "slow down",
        "fine",
        requests=2,
        calls=1,
    ),
    "quota": Fault([_refused(429, "You exceeded your quota", code="insufficient_quota")], 7, "quota"),
    "context overflow": Fault([_refused(400, "too long", code="context_length_exceeded")], 6, "larger window"),
    "server errors": Fault([answer(500, {"error": {"message": "oops"}}, {"Retry-After": "0"})], 7, "oops", requests=3),
    "silent headers": Fault([[Stall()]], 7, "sent no answer", calls=1, arguments=("--timeout", "0.3")),
    "stall in mid-stream": Fault(
        [[*OPENING, Stall()]], 7, "silent", "partial", calls=1, arguments=("--timeout", "0.3")
    ),
    "cut in mid-stream": Fault([[*OPENING, Drop()]], 7, "broke", "partial", calls=1),
    "reset in mid-stream": Fault([[*OPENING, Pause(0.1), Drop(reset=True)]], 7, "broke", "partial", calls=1),
    "early end": Fault(_then(), 7, "ended", "partial", calls=1),
    "no event stream": Fault(_then(b"data: <html>\n\n"), 7, "malformed", "partial", calls=1),
    "truncated JSON": Fault(_then(b'data: {"choices": [{"del\n\n'), 7, "malformed", "partial", calls=1),
    "not UTF-8": Fault(_then(b"data: \xff\xfe\n\n"), 7, "malformed", "partial", calls=1),
    "error in mid-stream": Fault(
        _then(*sse({"error": {"message": "upstream died", "code": 502}})), 7, "upstream died", "partial", calls=1
    ),
    "web page": Fault([answer(200, "<html>", {"Content-Type": "text/html"})], 7, "web page"),
    "empty stream": Fault([stream()], 7, "ended", calls=1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_fails_is_told_and_nothing_is_lost(program: Program, name: str) -> None:
    """The code fits, the cause and a hint are told, what came is stored, the ledger has what may be billed."""
    fault = FAULTS[name]
    program.environ["OPENAI_API_KEY"] = "sk-0123456789abcdefghijklmnop"
    with Server(*fault.scripts) as server:
        url = f"{server.url}/v1"
        done = program.run("chat", "-m", "compatible/m", "--base-url", url, "-o", "json", *fault.arguments, "hi")
        assert len(server.requests) == fault.requests
    validate("chat-result", done.json)
    assert done.code == fault.code, done.err
    assert done.json["text"] == fault.text
    assert fault.told in done.err
    assert "0123456789abcdef" not in done.out + done.err
    assert ("error" in done.json) == bool(fault.code)
    if fault.code:
        assert done.json["stop_reason"] == "error"
        assert "hint:" in done.err
    messages = program.run("sessions", "show", done.json["session_id"], "--json").json["messages"]
    assert messages[0]["text"] == "hi"
    assert "".join(message["text"] for message in messages[1:]) == fault.text
    assert program.run("cost", "--json").json["calls"] == fault.calls


def test_a_refused_connection_is_told(program: Program) -> None:
    """Nobody listens: exit 7, the address and a hint, nothing charged."""
    done = program.run("chat", "-m", "compatible/m", "--base-url", "http://127.0.0.1:9/v1", "hi")
    assert done.code == 7
    assert "can't connect to http://127.0.0.1:9" in done.err
    assert "hint:" in done.err
    assert program.run("cost", "--json").json["calls"] == 0


def test_a_missing_key_is_told(program: Program) -> None:
    """OpenAI without a key: exit 4 and how to give one; the question is kept."""
    done = program.run("chat", "-m", "openai/gpt-5-mini", "hi")
    assert done.code == 4
    assert "agentctl keys set openai" in done.err


def test_an_unknown_setting_is_told(program: Program) -> None:
    """A typo in the configuration: exit 3 with the file and the nearest key."""
    program.configure('modle = "openai/gpt-5"')
    done = program.run("chat", "hi")
    assert done.code == 3
    assert "modle" in done.err
    assert "did you mean model" in done.err


def test_a_corrupt_database_is_told_and_kept(program: Program) -> None:
    """Exit 9 before anything is sent, and the file is as it was."""
    path = program.home / ".local/share/agentctl/agentctl.db"
    path.parent.mkdir(parents=True)
    content = b"not a database at all" * 300
    path.write_bytes(content)
    with Server(completion("never")) as server:
        done = program.run("chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1", "hi")
        assert server.requests == []
    assert done.code == 9
    assert "hint:" in done.err
    assert path.read_bytes() == content


def test_a_directory_that_cannot_be_written_is_told(program: Program) -> None:
    """For a user who may not write there: exit 9 with the directory and a hint."""
    data = program.home / "data"
    data.mkdir(mode=0o555)
    done = _unprivileged(program, {"AGENTCTL_DATA_DIR": str(data / "agentctl")})
    assert done.code == 9, done.err
    assert str(data) in done.err
    assert "hint:" in done.err


def test_a_log_that_cannot_be_written_does_not_stop_the_answer(program: Program, tmp_path: Path) -> None:
    """One warning on stderr; the answer comes."""
    state = tmp_path / "state"
    state.mkdir(mode=0o555)
    done = _unprivileged(program, {"AGENTCTL_STATE_DIR": str(state / "x")})
    assert (done.code, done.out) == (0, "fine\n"), done.err
    assert str(state) in done.err


def test_a_full_disk_is_told(program: Program) -> None:
    """The database may not grow: exit 9 with a hint; what was stored before is sound."""
    with Server(completion("fine")) as server:
        ask = ["chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1"]
        assert program.run(*ask, "hi").code == 0
        size = sum(path.stat().st_size for path in (program.home / ".local/share/agentctl").glob("agentctl.db-wal"))
        done = _limited(program, size + 4096, [*ask, "x" * 100_000])
        assert done.code == 9, done.err
        assert "hint:" in done.err
        assert len(server.requests) == 1
    assert len(program.run("sessions", "list", "--json").json) == 1
    assert program.run("doctor").code == 0


def _limited(program: Program, size: int, arguments: list[str]) -> Outcome:
    return _run(program, arguments, {}, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))


def _unprivileged(program: Program, environ: dict[str, str]) -> Outcome:
    """Chat without root's power to write where permissions forbid it."""
    with Server(completion("fine")) as server:
        arguments = ["chat", "-m", "compatible/m", "--base-url", f"{server.url}/v1", "hi"]
        return _run(program, arguments, environ, drop_privileges)


def _run(program: Program, arguments: list[str], environ: dict[str, str], prepare: Callable[[], None]) -> Outcome:
    done = subprocess.run(
        [AGENTCTL, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env={**program.environment, **environ},
        preexec_fn=prepare,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
