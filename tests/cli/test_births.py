"""Commands that the tests run in a child of a process which has loaded them, beside the same in a new process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest
from support import births
from support.program import Outcome, Program

COMMANDS: dict[str, tuple[tuple[str, ...], str, Mapping[str, str]]] = {
    "what is answered at once": (("--version",), "", {}),
    "a usage error": (("nope",), "", {}),
    "an environment": (("config", "show", "--json"), "", {"AGENTCTL_MODEL": "openai/gpt-5", "AGENTCTL_TIMEOUT": "7"}),
    "words of a width": (("--help",), "", {"COLUMNS": "50"}),
    "a long standard input": (("chat", "--dry-run", "-m", "scripted/none"), "é" * 200_000, {}),
    "a time zone": (("sessions", "list"), "", {"TZ": "Asia/Tokyo"}),
    "a failure": (("sessions", "show", "x", "--debug"), "", {}),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_child_does_what_a_new_process_does(program: Program, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code, output and errors, whatever it is told by arguments, environment and standard input."""
    arguments, stdin, environ = COMMANDS[name]
    monkeypatch.delenv("AGENTCTL_TEST_FULL", raising=False)
    assert births.possible({**program.environment, **environ})
    child = program.run(*arguments, stdin=stdin, env=environ)
    monkeypatch.setenv("AGENTCTL_TEST_FULL", "1")
    assert not births.possible({**program.environment, **environ})
    new = program.run(*arguments, stdin=stdin, env=environ)
    assert _without_start(child) == _without_start(new)


def _without_start(outcome: Outcome) -> tuple[int, str, str]:
    """A traceback begins differently: it tells which script has called `main`."""
    return outcome.code, outcome.out, outcome.err.partition("Traceback")[0]


def test_what_an_interpreter_heeds_takes_a_new_one(program: Program) -> None:
    """A locale, or what is for Python itself, comes too late for a child."""
    for name in ("PYTHONIOENCODING", "PYTHONPATH", "LC_CTYPE", "LD_PRELOAD"):
        assert not births.possible(program.environment | {name: "x"})


def test_one_that_takes_too_long_is_killed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as `subprocess` tells it, and the next command is served."""
    monkeypatch.delenv("AGENTCTL_TEST_FULL", raising=False)
    command = [sys.argv[0], "chat", "-m", "scripted/script.jsonl", "hi"]
    (program.home / "script.jsonl").write_text('{"type": "text", "text": "late", "delay_ms": 100000}')
    with pytest.raises(subprocess.TimeoutExpired):
        births.run(command, b"", str(program.home), program.environment, 1)
    assert births.run([*command[:1], "--version"], b"", str(program.home), program.environment, 60).code == 0
