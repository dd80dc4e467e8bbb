"""SIGKILL at any moment of a turn with tools: no call stays without a result, and what is told of each is true.

A few kills by default; AGENTCTL_TEST_FULL=1 makes them 60.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

from support.program import PATIENCE, Program

KILLS = 60 if os.environ.get("AGENTCTL_TEST_FULL") else 6
ROUNDS = 12


def _script(home: Path) -> str:
    """A model that writes two files in each answer, one of them by the shell."""
    lines: list[dict[str, Any]] = []
    for number in range(ROUNDS * 3):
        write = {"path": f"written-{number}", "content": str(number)}
        run = {"command": f"sleep 0.0{number % 4}; echo {number} > run-{number}"}
        lines += [
            {"type": "text", "text": f"answer {number}", "delay_ms": 5},
            {"type": "tool_call", "id": f"w{number}", "name": "write", "arguments": write},
            {"type": "tool_call", "id": f"s{number}", "name": "shell", "arguments": run},
            {"type": "done", "stop_reason": "tool_use"},
        ]
    (home / "script.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return "scripted/script.jsonl"


def _calls(program: Program) -> dict[str, Any]:
    """The calls of the session with their results, which all of them have to have, in their order."""
    (session,) = program.run("sessions", "list", "--json").json
    shown = program.run("sessions", "show", "--json", session["id"]).json["messages"]
    found: dict[str, Any] = {}
    for asked, answered in zip(shown, [*shown[1:], None], strict=True):
        if asked["tool_calls"]:
            assert answered is not None, "an answer with calls is the last"
            results = {one["call_id"]: one for one in answered["tool_results"]}
            assert [call["id"] for call in asked["tool_calls"]] == list(results)
            found |= results
    return found


def _check(program: Program) -> None:
    """What is told of each call is true: a file that was written is there, one that was not is not."""
    for call_id, result in _calls(program).items():
        path = program.home / (f"written-{call_id[1:]}" if call_id[0] == "w" else f"run-{call_id[1:]}")
        if not result["is_error"]:
            assert path.read_text().strip() == call_id[1:]
        elif "This was not run" in result["content"]:
            assert not path.exists()


def test_a_kill_in_the_midst_of_a_turn_leaves_nothing_untold(tmp_path: Path) -> None:
    """What the model is told was done is done, what it is told was not run was not, and the session goes on."""
    seed = random.Random(20261127)
    for number in range(KILLS // 3):
        program = Program(tmp_path / f"home-{number}")
        program.home.mkdir()
        ask = ("chat", "-m", _script(program.home), "-t", "all", "--approve", "auto", "--max-turns", str(ROUNDS), "-q")
        for _ in range(3):
            begun = program.run("sessions", "list", "--json").json
            running = program.start(*ask, *(("-c",) if begun else ()), "go on")
            time.sleep(seed.uniform(0.2, 1.2))
            running.kill()
            running.communicate(timeout=PATIENCE)
            if program.run("sessions", "list", "--json").json:
                _check(program)
        assert program.run("doctor").code == 0
        states = {call["state"] for call in program.run("tools", "log", "--json").json}
        assert states <= {"finished", "failed", "lost", "skipped"}
