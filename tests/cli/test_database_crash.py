"""A server of the database that dies in the middle of a conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster import Cluster, cluster
from support.postgres import KINDS, installation
from support.program import AGENTCTL, Program
from support.tmux import Terminal

WORDS = [f"w{number:02d} " for number in range(60)]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A server that is alone ours to kill, and that keeps what it commits."""
    with cluster(installation(request.param)) as made:
        made.start()
        yield made


def test_a_conversation_outlives_the_server(program: Program, server: Cluster, tmp_path: Path) -> None:
    """Killed in the midst of an answer and started again: one line each tells so, and nothing is lost or doubled."""
    steps = [*({"type": "text", "text": word, "delay_ms": 50} for word in WORDS), {"type": "done"}]
    script = [*steps, {"type": "text", "text": "Second answer."}]
    (program.home / "script.jsonl").write_text("\n".join(map(json.dumps, script)))
    environ = program.environment | {"AGENTCTL_DATABASE_URL": server.url}
    with Terminal(
        tmp_path / "tmux", f"{AGENTCTL} chat -m scripted/script.jsonl", cwd=program.home, environ=environ
    ) as terminal:
        terminal.wait("> ")
        terminal.type("first question", "Enter")
        terminal.wait(WORDS[5].strip())
        server.kill()
        terminal.wait("does not answer; waiting for it")
        server.start()
        terminal.wait(WORDS[-1].strip())
        terminal.type("second question", "Enter")
        terminal.wait("Second answer.")
        screen = terminal.wait("> ", 3)  # what is on the screen is stored before the next line is asked for
        terminal.wait_prompt()
        terminal.type("", "C-d")
    assert screen.count("does not answer; waiting for it") == 1
    assert screen.count("is back") == 1
    assert "Traceback" not in screen
    env = {"AGENTCTL_DATABASE_URL": server.url}
    (listed,) = program.run("sessions", "list", "--json", env=env).json
    shown = program.run("sessions", "show", listed["id"], "--json", env=env).json["messages"]
    said = [(one["role"], one["status"], one["text"]) for one in shown]
    assert said == [
        ("user", "final", "first question"),
        ("assistant", "final", "".join(WORDS)),
        ("user", "final", "second question"),
        ("assistant", "final", "Second answer."),
    ]
    assert program.run("sessions", "verify", env=env).code == 0
    assert not (program.home / ".local/share/agentctl/agentctl.db").exists()


def test_ctrl_c_gives_up_waiting(program: Program, server: Cluster, tmp_path: Path) -> None:
    """While the server is away the first Ctrl-C says what it waits for and the second what is not stored.

    Before the question is stored the prompt comes back then; in the midst of an answer the program ends.
    """
    steps = [*({"type": "text", "text": word, "delay_ms": 50} for word in WORDS), {"type": "done"}]
    (program.home / "script.jsonl").write_text("\n".join(map(json.dumps, steps)))
    environ = program.environment | {"AGENTCTL_DATABASE_URL": server.url}
    command = f"{AGENTCTL} chat -m scripted/script.jsonl; echo code $?; sleep 60"
    waiting = "waiting to store it; Ctrl-C again gives it up"
    with Terminal(tmp_path / "tmux", command, cwd=program.home, environ=environ) as terminal:
        terminal.wait("> ")
        server.kill()
        terminal.type("lost question", "Enter")
        terminal.wait("does not answer; waiting for it")
        terminal.type("", "C-c")
        terminal.wait(waiting)
        terminal.type("", "C-c")
        terminal.wait("not stored: the question")
        server.start()
        terminal.type("next question", "Enter")
        terminal.wait(WORDS[5].strip())
        server.kill()
        terminal.wait("does not answer; waiting for it", 2)
        terminal.type("", "C-c")
        terminal.wait(waiting, 2)
        terminal.type("", "C-c")
        screen = terminal.wait("code 130")
    assert "the end of the answer is not stored" in screen
    assert "Traceback" not in screen
    server.start()
    env = {"AGENTCTL_DATABASE_URL": server.url}
    (listed,) = program.run("sessions", "list", "--json", env=env).json
    shown = program.run("sessions", "show", listed["id"], "--json", env=env).json["messages"]
    assert [(one["role"], one["status"]) for one in shown] == [("user", "final"), ("assistant", "partial")]
    assert shown[0]["text"] == "next question"
