"""The official MCP servers used from chat, over stdio and over HTTP, by a scripted model."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from support.mcp_servers import everything, official
from support.program import AGENTCTL, Program
from support.tmux import Terminal


def _script(program: Program, *calls: tuple[str, dict[str, Any]]) -> str:
    lines: list[dict[str, Any]] = []
    for number, (name, arguments) in enumerate(calls):
        lines += [{"type": "tool_call", "id": f"call-{number}", "name": name, "arguments": arguments}]
        lines += [{"type": "done", "stop_reason": "tool_use"}]
    (program.home / "script.jsonl").write_text(
        "\n".join(map(json.dumps, [*lines, {"type": "text", "text": "So it is."}]))
    )
    return "scripted/script.jsonl"


def _results(program: Program, *args: str) -> list[dict[str, Any]]:
    done = program.run("chat", *args, "-o", "stream-json")
    assert done.code == 0, done.err
    return [event for event in done.lines if event["type"] == "tool_result"]


def _configured(program: Program, package: str, *arguments: str) -> str:
    server = official(package, *arguments)
    return f"[mcp.{server.name}]\ncommand = {json.dumps(server.command)}\n"


def test_servers_over_stdio(program: Program) -> None:
    """Tools of four servers in one turn, each allowed by a rule; what no rule allows is refused."""
    (program.home / "note.txt").write_text("remember the milk")
    program.configure(
        _configured(program, "mcp-server-time")
        + _configured(program, "mcp-server-git")
        + _configured(program, "server-filesystem", str(program.home))
        + _configured(program, "server-memory")
    )
    model = _script(
        program,
        ("time__convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}),
        ("filesystem__read_text_file", {"path": str(program.home / "note.txt")}),
        ("memory__create_entities", {"entities": [{"name": "milk", "entityType": "food", "observations": ["white"]}]}),
        ("git__git_init", {"repo_path": str(program.home / "new")}),
    )
    rules = [option for name in ("time__*", "filesystem__*", "memory__*") for option in ("--allow", name)]
    results = _results(program, "-m", model, "-t", "mcp", *rules, "go")
    assert [result["state"] for result in results] == ["finished", "finished", "finished", "failed"]
    assert "21:00:00+09:00" in results[0]["content"]
    assert "remember the milk" in results[1]["content"]
    assert not (program.home / "new").exists()


def test_a_server_over_http(program: Program) -> None:
    """The same over streamable HTTP."""
    with everything() as (url, _):
        program.configure(f'[mcp.every]\nurl = "{url}"\n')
        model = _script(program, ("every__echo", {"message": "over the wire"}))
        (result,) = _results(program, "-m", model, "-t", "every", "--approve", "auto", "go")
    assert (result["state"], "over the wire" in result["content"]) == ("finished", True)


def test_the_user_is_asked_before_a_server_acts(program: Program) -> None:
    """In a terminal each call of a server's tool is shown with its arguments, and waits for leave."""
    program.configure(_configured(program, "mcp-server-time"))
    model = _script(program, ("time__get_current_time", {"timezone": "Asia/Tokyo"}))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "time", "what time is it?"])
    with Terminal(program.home / "tmux", f"{line}; sleep 100", cwd=program.home, environ=program.environment) as tmux:
        assert "Asia/Tokyo" in tmux.wait("allow?")
        tmux.type("y", "Enter")
        tmux.wait("So it is.")


def test_a_server_that_is_gone_is_told_and_the_chat_goes_on(program: Program, tmp_path: Path) -> None:
    """One that can't be started is named once; the other tools are there."""
    program.configure('[mcp.gone]\ncommand = ["no-such-program"]\n')
    model = _script(program, ("list", {}))
    done = program.run("chat", "-m", model, "-t", "all", "go")
    assert (done.code, done.out) == (0, "So it is.\n")
    assert done.err.count("no-such-program") == 1


def test_a_prompt_of_a_server_begins_a_chat(program: Program) -> None:
    """`--prompt SERVER/NAME` says what the server's prompt says, and what the user adds."""
    program.configure(_configured(program, "server-everything"))
    model = _script(program)
    done = program.run("chat", "-m", model, "--prompt", "everything/simple-prompt", "and briefly", "-o", "json")
    assert done.code == 0, done.err
    shown = program.run("sessions", "show", "--json", done.json["session_id"]).json
    assert "simple prompt" in shown["messages"][0]["text"]
    assert shown["messages"][0]["text"].endswith("and briefly")
    wrong = program.run("chat", "-m", model, "--prompt", "everything/none", "-o", "json")
    assert (wrong.code, wrong.json["error"]["kind"]) == (8, "tool")
    assert program.run("chat", "-m", model, "--prompt", "nothing").code == 2
