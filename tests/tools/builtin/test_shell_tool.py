"""Running commands: what they get, what comes back, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.tooling import PATIENCE, call, failure, gone, planned, running

from agentctl.tools.builtin import NAMES, builtin_tools
from agentctl.tools.builtin.environment import passed
from agentctl.tools.builtin.shell import Shell
from agentctl.tools.builtin.workspace import Workspace

WITHIN = 0.25  # seconds after the deadline
TRIES = 3  # a busy machine may be late once


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The tool in an empty workspace."""
    return Shell(Workspace(tmp_path))


@pytest.fixture
def marker(request: pytest.FixtureRequest) -> str:
    """A number of seconds that no other process of this machine sleeps for."""
    return f"{3000 + os.getpid()}.{abs(hash(request.node.name)) % 10**6}"


def test_a_command(shell: Shell, tmp_path: Path) -> None:
    """A command runs in the workspace; output and errors come as one, with the exit code."""
    outcome = call(shell, command="pwd; echo out; echo err >&2; exit 3")
    assert outcome.content == f"{tmp_path}\nout\nerr\n[exit code 3]"
    assert outcome.is_error
    assert outcome.details["exit_code"] == 3
    assert not call(shell, command="true").is_error


def test_the_plan_shows_the_command(shell: Shell) -> None:
    """Rules see the whole command, people its first line."""
    plan = planned(shell, command="echo 1\nrm x")
    assert (plan.subject, plan.summary, plan.effect) == ("echo 1\nrm x", "run echo 1 …", "execute")
    assert "argument command" in failure(shell, "invalid", command="a\x00b").message
    assert "argument command" in failure(shell, "invalid", command="  ").message
    assert "must be 1 or more" in failure(shell, "invalid", command="x", timeout=0).message


@pytest.mark.parametrize("end", [*"\n\r\v\f\t\x1b\x1c\x1d\x1e\x85\u2028\u2029\u202e\u200b", "\r\n", "\n\n"])
def test_nothing_of_a_command_is_hidden(shell: Shell, end: str) -> None:
    """What does not end a line for bash does not end the summary; what one line can't show is shown whole."""
    command = f"echo 1{end}rm -rf x"
    plan = planned(shell, command=command)
    assert plan.preview == command
    assert plan.summary == (f"run {command}" if "\n" not in end else f"run {command.split(chr(10), maxsplit=1)[0]} …")


@pytest.mark.parametrize("command", ["echo 1", "echo 1\n", "echo 'é … 漢'"])
def test_a_command_that_its_summary_shows(shell: Shell, command: str) -> None:
    """A command of one line needs no preview."""
    plan = planned(shell, command=command)
    assert (plan.summary, plan.preview) == (f"run {command.strip()}", "")


@pytest.mark.parametrize(("longest", "usual"), [(600.0, 120.0), (30.0, 30.0), (0.5, 0.5)])
def test_the_user_says_how_long_a_command_may_take(tmp_path: Path, longest: float, usual: float) -> None:
    """What the user sets holds for what the model asks for, and the model is told of it."""
    shell = builtin_tools(Workspace(tmp_path), longest=longest)[NAMES.index("shell")]
    assert f"After {usual:g} seconds, or `timeout` (at most {longest:g})" in shell.spec.description
    assert shell.spec.parameters["properties"]["timeout"]["maximum"] == max(1, int(longest))
    assert shell.timeout
    assert longest < shell.timeout <= longest + 5
    asked = int(longest) + 1
    assert (
        f"must be {max(1, int(longest))} or less" in failure(shell, "invalid", command="x", timeout=asked + 1).message
    )
    if longest < 1:
        assert "ended after 0.5 s" in call(shell, command="sleep 9", timeout=1).content
        assert "ended after 0.5 s" in call(shell, command="sleep 9").content


def test_the_surroundings(shell: Shell) -> None:
    """Standard input is empty, there is no terminal, no core is written, and signals do what they usually do."""
    outcome = call(shell, command="cat; ulimit -c; tty; yes | head -1; ulimit -f")
    assert outcome.content == "0\nnot a tty\ny\n4194304\n[exit code 0]"


def test_a_signal(shell: Shell) -> None:
    """A command that is ended by a signal says by which."""
    outcome = call(shell, command="kill -SEGV $$")
    assert (outcome.content, outcome.details["exit_code"]) == ("[ended by signal 11]", -11)


def test_a_long_output(shell: Shell) -> None:
    """Of a long output the beginning and the end are kept, and what is between is counted."""
    outcome = call(shell, command="seq 1000000")
    assert outcome.content.startswith("1\n2\n")
    assert outcome.content.endswith("999999\n1000000\n[exit code 0]")
    assert "bytes left out" in outcome.content
    assert len(outcome.content) < 140_000
    assert outcome.details["bytes"] == 6888896


def test_bytes_that_are_no_text(shell: Shell) -> None:
    """Output of any bytes comes as text."""
    assert call(shell, command=r"printf '\xff\x00x'").content == "\ufffd\x00x\n[exit code 0]"


def test_only_known_variables_are_passed() -> None:
    """No name that is not known to be harmless, and no value that looks like a key, gets through."""
    environ = {
        "PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "OPENAI_API_KEY": "sk-geheimgeheimgeheim", "BASH_ENV": "/x",
        "LD_PRELOAD": "/x", "SSH_AUTH_SOCK": "/s", "HTTPS_PROXY": "http://u:p@h", "TZ": "sk-geheimgeheimgeheim",
        "BASH_FUNC_ls%%": "() { :; }", "AGENTCTL_TOKEN": "x",
    }  # fmt: skip
    kept = passed(environ)
    assert kept == {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", **passed({"PATH": "/bin"})}
    assert "PATH" in passed({})


@pytest.mark.parametrize(
    "command",
    [
        "sleep {} & echo started",
        "setsid sleep {} & echo started",
        "(setsid sh -c 'trap \"\" TERM HUP; setsid sleep {} & sleep {}' &) ; echo started",
        "nohup sleep {} > /dev/null 2>&1 & disown; echo started",
    ],
    ids=["background", "setsid", "deaf daemon", "nohup"],
)
def test_nothing_stays_behind(shell: Shell, marker: str, command: str) -> None:
    """What a command leaves in the background ends with it, wherever it went."""
    assert call(shell, command=command.replace("{}", marker)).content == "started\n[exit code 0]"
    assert not running(marker)


# name: (command, what the outcome says); each would go on far beyond its second.
BOMBS = {
    "sleep": ("sleep {}", "ended after 1 s"),
    "output": ("yes {}", "ended after 1 s"),
    "loop": ("while :; do :; done # {}", "ended after 1 s"),
    "deaf": ("trap '' TERM INT HUP; while :; do sleep {}; done", "ended after 1 s"),
    "daemon": ("(setsid sh -c 'trap \"\" TERM; while :; do sleep {}; done' &); sleep {}", "ended after 1 s"),
    "double fork": ("( ( setsid sleep {} & ) & ) ; ( ( sleep {} & ) & ); sleep {}", "ended after 1 s"),
    "stopped": ("sleep {} & kill -STOP $!; kill -STOP $$", "ended after 1 s"),
    "forks": ("f() { f | f & }; f; sleep {}", "[ended "),
    "deaf forks": ("trap '' TERM; f() { sleep {} & f & }; f; sleep {}", "[ended "),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb(shell: Shell, marker: str, name: str) -> None:
    """Whatever a command does, it is over 250 ms after its deadline, all of it, and the next command runs."""
    command, message = BOMBS[name]
    took = []
    for _ in range(TRIES):
        start = time.monotonic()
        outcome = call(shell, command=command.replace("{}", marker), timeout=1)
        took.append(time.monotonic() - start)
        assert not running(marker)
        assert message in outcome.content
        assert outcome.is_error
        if took[-1] <= 1 + WITHIN:
            break
    assert min(took) <= 1 + WITHIN, took
    assert call(shell, command="echo next").content == "next\n[exit code 0]"


def test_a_cancelled_command(shell: Shell, marker: str) -> None:
    """Cancelling ends all that was started, within 250 ms, before the cancellation is passed on."""

    async def cancelled() -> float:
        plan = await shell.plan({"command": f"trap '' TERM; setsid sleep {marker} & sleep {marker}"})
        task = asyncio.ensure_future(plan.run())
        await asyncio.to_thread(started, marker, 2)
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - start

    took = []
    for _ in range(TRIES):
        took.append(asyncio.run(cancelled()))
        assert not running(marker)
    assert min(took) <= WITHIN, took


def test_a_command_cancelled_at_once(shell: Shell, marker: str) -> None:
    """A cancellation that comes while the process is being started ends it, too."""

    async def main() -> None:
        plan = await shell.plan({"command": f"sleep {marker}"})
        for turns in range(8):
            task = asyncio.ensure_future(plan.run())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert not running(marker)


def started(marker: str, count: int) -> None:
    """Wait until so many processes sleep."""
    while len(running(f"sleep\0{marker}")) < count:
        time.sleep(0.01)


AGENT = """
import asyncio, sys
from pathlib import Path
from agentctl.tools.builtin.shell import Shell
from agentctl.tools.builtin.workspace import Workspace

async def main():
    await (await Shell(Workspace(Path(sys.argv[1]))).plan({"command": sys.argv[2]})).run()

asyncio.run(main())
"""


def test_nothing_outlives_the_agent(tmp_path: Path, marker: str) -> None:
    """When the agent itself is killed, what it started ends with it."""
    command = f"setsid sleep {marker} & sleep {marker}"
    with subprocess.Popen([sys.executable, "-c", AGENT, str(tmp_path), command]) as agent:
        started(marker, 2)
        agent.send_signal(signal.SIGKILL)
    assert gone(marker)


@pytest.mark.parametrize(
    "command",
    [
        "kill -KILL $PPID; sleep {}",
        "setsid sleep {} & kill -KILL $PPID; sleep {}",
        "setsid sh -c 'trap \"\" TERM HUP; (setsid sleep {} &); sleep {}' & kill -KILL $PPID; sleep {}",
        "setsid sh -c 'env -i sleep {}; :' & kill -KILL $PPID; sleep {}",
        "env -i setsid sleep {} & kill -KILL $PPID; sleep {}",
        "(setsid sleep {} > /dev/null 2>&1 &); kill -KILL $PPID",
        "f() { setsid sleep {} & f & }; trap '' TERM; f; kill -KILL $PPID; sleep {}",
    ],
    ids=["group", "setsid", "deaf daemon", "a child without environment", "no environment", "no output", "forks"],
)
def test_a_command_that_ends_its_supervisor(
    shell: Shell, marker: str, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """A command that kills the process above it is told so at once, and ended with all that it started."""
    start = time.monotonic()
    outcome = call(shell, command=command.replace("{}", marker))
    assert time.monotonic() - start < PATIENCE
    assert outcome.details["reason"] == "lost"
    assert gone(marker)
    assert not caplog.messages


def test_a_command_that_stops_its_supervisor(shell: Shell, marker: str) -> None:
    """A supervisor that can't end anything any more is ended when the time is up, with the rest."""
    command = f"setsid sleep {marker} & kill -STOP $PPID; sleep {marker}"
    outcome = call(shell, command=command, timeout=1)
    assert outcome.details["reason"] == "timeout"
    assert not running(marker)


def test_commands_side_by_side(shell: Shell) -> None:
    """The end of one command does not end another's children."""

    async def main() -> list[str]:
        plans = [await shell.plan({"command": f"sleep 0.{n} & wait; echo {n}"}) for n in (1, 3, 2)]
        return [outcome.content for outcome in await asyncio.gather(*(plan.run() for plan in plans))]

    assert asyncio.run(main()) == [f"{n}\n[exit code 0]" for n in (1, 3, 2)]
