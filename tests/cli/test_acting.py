"""A model that acts: a whole task in a real terminal, with leave asked, an interruption, and a crash."""

from __future__ import annotations

import json
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.program import AGENTCTL, PATIENCE, Program
from support.schemas import validate
from support.tmux import Terminal

WRONG, RIGHT = "def add(a, b):\n    return a - b\n", "def add(a, b):\n    return a + b\n"
CHECK = "from calc import add\nassert add(2, 2) == 4\nprint('all is well')\n"
HANGS = "echo it began; echo $$ > pid; sleep 1000 & setsid sleep 1000 & wait"


def _call(tool: str, **arguments: Any) -> list[dict[str, Any]]:
    return [
        {"type": "tool_call", "id": f"{tool}-{len(str(arguments))}", "name": tool, "arguments": arguments},
        {"type": "done", "stop_reason": "tool_use"},
    ]


def _say(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}, {"type": "done"}]


READ = _call("read", path="calc.py")
EDIT = _call("edit", path="calc.py", old_string="a - b", new_string="a + b")
TEST = _call("shell", command="python3 test_calc.py")
HANG = _call("shell", command=HANGS)


@pytest.fixture
def work(program: Program) -> Path:
    """A project with a defect, in the program's home."""
    (program.home / "calc.py").write_text(WRONG)
    (program.home / "test_calc.py").write_text(CHECK)
    return program.home


def _script(work: Path, *lines: list[dict[str, Any]]) -> str:
    (work / "script.jsonl").write_text("\n".join(json.dumps(line) for group in lines for line in group))
    return "scripted/script.jsonl"


def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def _processes(work: Path) -> list[str]:
    """The command lines of the processes at work in the project, without agentctl's own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == work.resolve():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if "sleep 1000" in line]


def test_a_task_in_a_terminal_with_leave_an_interruption_and_a_way_on(program: Program, work: Path) -> None:
    """Read, edit once allowed, run the tests, be interrupted in the midst, and be gone on with."""
    model = _script(work, READ, EDIT, HANG, TEST, _say("The tests pass now."))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "--tools", "all"])
    with Terminal(work / "tmux", line, cwd=work, environ=program.environment) as terminal:
        terminal.wait("> ")
        terminal.type("fix the tests", "Enter")
        screen = terminal.wait("allow?")
        assert "▸ read calc.py" in screen
        assert "-    return a - b" in screen
        assert "+    return a + b" in screen
        assert (work / "calc.py").read_text() == WRONG
        terminal.type("", "Enter")  # an empty answer is none
        terminal.wait("allow?", 2)
        terminal.type("y", "Enter")
        terminal.wait("allow?", 3)
        assert (work / "calc.py").read_text() == RIGHT
        terminal.type("y", "Enter")
        _until(lambda: len(_processes(work)) >= 2, "the command did not start")
        terminal.resize(100, 30)
        terminal.type("", "C-c")
        terminal.wait("shell · stopped")
        terminal.wait("cancelled · scripted/")
        assert _processes(work) == []
        terminal.type("go on", "Enter")
        terminal.wait("python3 test_calc.py")
        terminal.wait("allow?", 4)
        terminal.type("a", "Enter")
        terminal.wait("The tests pass now.")
        terminal.wait_prompt()
        terminal.type("", "C-d")
        terminal.wait("go on later with")
    shown = program.run("sessions", "show", "--json", _latest(program)).json
    validate("sessions-show", shown)
    results = [result for message in shown["messages"] for result in message["tool_results"]]
    assert [result["is_error"] for result in results] == [False, False, True, False]
    assert results[2]["content"].startswith("it began")
    assert "all is well" in results[-1]["content"]
    assert [message["role"] for message in shown["messages"]][-4:] == ["user", "assistant", "tool", "assistant"]


def _latest(program: Program) -> str:
    found: str = program.run("sessions", "list", "--json").json[0]["id"]
    return found


def test_what_is_allowed_for_good_is_remembered_in_this_project_alone(program: Program, work: Path) -> None:
    """`a` allows this very command from now on, without asking, and nothing elsewhere."""
    model = _script(work, TEST, _say("done"))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "shell", "test it"])
    with Terminal(work / "tmux", f"{line}; sleep 100", cwd=work, environ=program.environment) as terminal:
        terminal.wait("allow?")
        terminal.type("a", "Enter")
        terminal.wait("done")
    again = program.run("chat", "-m", model, "-t", "shell", "test it", "-o", "json").json
    assert (again["turns"], again["tool_calls"], again["stop_reason"]) == (2, 1, "end_turn")
    trail = program.run("chat", "-m", model, "-t", "shell", "test it", "-o", "stream-json").lines
    for event in trail:
        validate("chat-event", event)
    assert [event["decided_by"] for event in trail if event["type"] == "tool_start"] == ["rule"]
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "script.jsonl").write_text((work / "script.jsonl").read_text())
    other = Program(elsewhere, {"HOME": str(work)})
    refused = other.run("chat", "-m", model, "-t", "shell", "test it", "-o", "stream-json").lines
    assert [event["state"] for event in refused if event["type"] == "tool_result"] == ["failed"]


@pytest.mark.parametrize("end", ["\u2028", "\x0b", "\r", "\x85", "\n"])
def test_all_that_is_to_be_run_is_shown_before_it_is(program: Program, work: Path, end: str) -> None:
    """Nothing hides behind what looks like the end of a line, nor behind two hundred lines."""
    command = f"echo hello '{end}'; touch hidden" + "\n# line" * 300 + "\ntouch last"
    model = _script(work, _call("shell", command=command), _say("done"))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "shell", "go"])
    with Terminal(work / "tmux", f"{line}; sleep 100", cwd=work, environ=program.environment) as terminal:
        screen = terminal.wait("allow?")
        assert screen.count("touch hidden") >= 1
        assert "touch last" in screen
        terminal.type("n", "Enter")
        terminal.wait("done")
    assert not (work / "hidden").exists()


def test_a_diff_shows_lines_of_the_file_as_they_are(program: Program, work: Path) -> None:
    """What only looks like the end of a line, or turns the direction of writing, is shown as what it is."""
    new = "x = 1\r import os\u2028-gone\u202e\n"
    model = _script(work, _call("edit", path="calc.py", old_string="def add(a, b):\n", new_string=new), _say("done"))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "files", "go"])
    with Terminal(work / "tmux", f"{line}; sleep 100", cwd=work, environ=program.environment) as terminal:
        assert r"+x = 1\r import os\u2028-gone\u202e" in terminal.wait("allow?")


def test_leave_for_good_counts_at_once(program: Program, work: Path) -> None:
    """The same command is not asked for again in the same turn; one like it is, stars or not."""
    model = _script(
        work,
        _call("shell", command="rm -f *.tmp"),
        _call("shell", command="rm -f *.tmp"),
        _call("shell", command="rm -f victim x.tmp"),
        _say("done"),
    )
    (work / "victim").write_text("")
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "shell", "go"])
    with Terminal(work / "tmux", f"{line}; sleep 100", cwd=work, environ=program.environment) as terminal:
        terminal.wait("allow?")
        terminal.type("a", "Enter")
        screen = terminal.wait("allow?", 2)
        assert screen.count("shell · done") == 2
        terminal.type("n", "Enter")
        terminal.wait("done", 3)
    assert (work / "victim").exists()


def test_a_rule_for_no_tool_is_told(program: Program, work: Path) -> None:
    """A misspelt name in a rule does not pass in silence."""
    done = program.run("chat", "-m", _script(work, _say("hi")), "-t", "all", "--deny", "Shell", "hi")
    assert (done.code, "the rule Shell speaks of no tool that there is" in done.err) == (0, True)


def test_a_dry_run_counts_the_tools(program: Program, work: Path) -> None:
    """What is about to be sent, tools among it, is what is priced."""
    program.environ["OPENAI_API_KEY"] = "sk-0123456789abcdefghij"
    ask = ("chat", "-m", "openai/gpt-5-mini", "--dry-run", "hi")
    plain, acting = (program.run(*ask, *more).json["estimated_input_tokens"] for more in ((), ("-t", "all")))
    assert acting > plain + 500


def test_what_was_run_is_in_the_trail_also_where_nothing_is_kept(program: Program, work: Path) -> None:
    """`--no-save` keeps no words, and all that was done."""
    model = _script(work, _call("shell", command="true\ntouch act"), _say("done"))
    program.run("chat", "-m", model, "-t", "shell", "--approve", "auto", "--no-save", "go")
    (trail,) = program.run("tools", "log", "--json").json
    assert (trail["subject"], trail["arguments"], trail["result"]) == ("true\ntouch act", None, None)


def test_scripts_run_nothing_that_no_rule_allows(program: Program, work: Path) -> None:
    """Without a terminal reading is allowed and all else refused; rules, or `auto`, allow it."""
    model = _script(work, READ, EDIT, TEST, _say("done"))
    ask = ("chat", "-m", model, "-t", "all", "-o", "stream-json", "fix it")

    def states(*options: str) -> list[str]:
        events = program.run(*ask, *options).lines
        for event in events:
            validate("chat-event", event)
        return [event["state"] for event in events if event["type"] == "tool_result"]

    assert states() == ["finished", "failed", "failed"]
    assert (work / "calc.py").read_text() == WRONG
    assert states("--allow", "edit(*.py)", "--deny", "shell") == ["finished", "finished", "failed"]
    (work / "calc.py").write_text(WRONG)
    assert states("--approve", "auto", "--deny", "shell(rm *)") == ["finished", "finished", "finished"]
    refused = program.run(*ask, "--approve", "ask")
    assert (refused.code, "nobody to ask" in refused.err) == (2, True)


def test_the_trail_shows_every_call_and_who_allowed_it(program: Program, work: Path) -> None:
    """Newest first; what was refused, what a rule allowed, and what needed no leave."""
    assert program.run("tools", "log").err == "no tool was called; hint: agentctl chat -t all\n"
    model = _script(work, READ, EDIT, TEST, _say("done"))
    program.run("chat", "-m", model, "-t", "all", "--allow", "edit", "fix it")
    trail = program.run("tools", "log", "--json").json
    validate("tools-log", trail)
    shown = [(call["tool"], call["state"], call["decided_by"], call["effect"]) for call in trail]
    assert shown == [
        ("shell", "refused", "mode", "execute"),
        ("edit", "finished", "rule", "write"),
        ("read", "finished", "mode", "read"),
    ]
    assert json.loads(trail[1]["arguments"])["path"] == "calc.py"
    assert program.run("tools", "log", "-n", "1", _latest(program)).out.splitlines()[1].count("refused") == 1


def test_who_comes_back_to_the_program_is_asked_again(program: Program, work: Path) -> None:
    """Ctrl-Z leaves the question behind, and `fg` finds it again."""
    model = _script(work, EDIT, _say("As you wish."))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "files", "fix it"])
    with Terminal(work / "tmux", "bash --norc", cwd=work, environ=program.environment) as terminal:
        terminal.type(line, "Enter")
        terminal.wait("allow?")
        terminal.type("", "C-z")
        terminal.wait("Stopped")
        terminal.type("fg", "Enter")
        terminal.wait("allow?", 2)
        terminal.type("y", "Enter")
        terminal.wait("As you wish.")
    assert (work / "calc.py").read_text() == RIGHT


def test_a_refusal_with_words_is_what_the_model_hears(program: Program, work: Path) -> None:
    """Whatever is typed instead of yes or no is told to the model."""
    model = _script(work, EDIT, _say("As you wish."))
    line = shlex.join([str(AGENTCTL), "chat", "-m", model, "-t", "files", "fix it"])
    with Terminal(work / "tmux", f"{line}; sleep 100", cwd=work, environ=program.environment) as terminal:
        terminal.wait("allow?")
        terminal.type("use sum() instead", "Enter")
        terminal.wait("As you wish.")
    shown = program.run("sessions", "show", "--json", _latest(program)).json
    (result,) = [result for message in shown["messages"] for result in message["tool_results"]]
    assert result["content"] == "Not allowed: the user says: use sum() instead"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_ends_the_program_ends_what_it_started(program: Program, work: Path, number: signal.Signals) -> None:
    """No process is left behind, and the session goes on with a word on what happened."""
    model = _script(work, HANG, _say("It was stopped."))
    running = program.start("chat", "-m", model, "-t", "shell", "--approve", "auto", "hang")
    _until(lambda: len(_processes(work)) >= 2, "the command did not start")
    running.send_signal(number)
    running.communicate(timeout=PATIENCE)
    _until(lambda: _processes(work) == [], "a process was left behind")
    done = program.run("chat", "-c", "-t", "shell", "-o", "json", "go on")
    assert (done.code, done.json["text"]) == (0, "It was stopped.")
    shown = program.run("sessions", "show", "--json", _latest(program)).json
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant", "tool", "user", "assistant"]
    (result,) = [result for message in shown["messages"] for result in message["tool_results"]]
    assert result["is_error"]


def test_the_limit_of_turns_has_an_exit_code(program: Program, work: Path) -> None:
    """`--max-turns` ends the turn with code 8, and the way on."""
    model = _script(work, READ, READ, READ)
    done = program.run("chat", "-m", model, "-t", "files", "--max-turns", "2", "read")
    assert done.code == 8
    assert "hint: go on with: agentctl chat -c" in done.err


def test_the_home_directory_as_workspace_keeps_what_is_private(program: Program, work: Path) -> None:
    """No file tool gets at agentctl's own files or at keys there, and the user's limit holds for commands."""
    program.configure("[tools]\ntimeout = 1\n")
    (work / ".ssh").mkdir()
    (work / ".ssh" / "id").touch()
    calls = [
        _call("read", path=".config/agentctl/config.toml"),
        _call("write", path=".local/state/agentctl/allowed.json", content="{}"),
        _call("read", path=".ssh/id"),
        _call("shell", command="sleep 60"),
    ]
    model = _script(work, *calls, _say("done"))
    events = program.run("chat", "-m", model, "-t", "all", "--approve", "auto", "-o", "stream-json", "go").lines
    told = [event["content"] for event in events if event["type"] == "tool_result"]
    assert ["is private" in one for one in told] == [True, True, True, False], told
    assert "ended after 1 s" in told[3]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-t", "rwad"], "there is no tool 'rwad'"),
        (["-t", "all", "--allow", "ed it"], "'ed it' is no rule for tools"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(program: Program, work: Path, options: list[str], told: str) -> None:
    """A misspelt tool or rule leaves with 2 and says what there is."""
    done = program.run("chat", "-m", _script(work, _say("never")), *options, "hi")
    assert (done.code, told in done.err, done.out) == (2, True, "")
    assert program.run("sessions", "list", "--json").json == []


def test_the_log_has_no_arguments_of_tools(program: Program, work: Path) -> None:
    """That a tool was called is logged, and not with what: what was purged must not be left there."""
    model = _script(work, _call("shell", command="echo hush-1"), _say("Done."))
    done = program.run("chat", "-m", model, "--tools", "all", "--approve", "auto", "Go on")
    assert done.code == 0, done.err
    logged = "".join(path.read_text() for path in (program.home / ".local/state/agentctl").rglob("*.log"))
    assert "tool call started" in logged
    assert "hush-1" not in logged
