"""The processes of MCP servers: what they are given, and that none of them outlives us."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.mcp_servers import call, called, environment, faulty, tools_of

from agentctl.tools.mcp import Servers

PATIENCE = 20.0  # seconds


@contextmanager
def all_gone(place: Path) -> Iterator[Path]:
    """A named pipe that servers hold open; at the end of the block they and all that they started must be gone."""
    pipe = place / "held"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield pipe
        poll = select.poll()
        poll.register(reader, select.POLLHUP)
        assert poll.poll(PATIENCE * 1000), "something that a server started is still there"
    finally:
        os.close(reader)


def is_held(pipe: Path) -> bool:
    """Whether somebody has the named pipe open to write."""
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(reader, 1) != b""
    except BlockingIOError:
        return True
    finally:
        os.close(reader)


def test_a_server_is_given_no_secret_and_no_terminal(tmp_path: Path) -> None:
    """Its environment is what programs need and what was configured, its session its own, its place an empty one."""
    server = faulty(name="f", env={"TOKEN": "$MINE", "PRINTED": "!echo printed", "PLAIN": "two words"})

    async def run() -> dict[str, object]:
        environ = environment(
            tmp_path, MINE="secret-1", OPENAI_API_KEY="sk-x", HTTPS_PROXY="http://u:p@proxy", LANG="C"
        )
        async with Servers({"f": server}, environ) as opened:
            facts: dict[str, object] = json.loads((await call(await tools_of(opened), "f__process")).content)
            return facts

    facts = asyncio.run(run())
    environ = facts["environ"]
    assert isinstance(environ, dict)
    assert {"TOKEN": "secret-1", "PRINTED": "printed", "PLAIN": "two words", "LANG": "C"}.items() <= environ.items()
    assert not {"MINE", "OPENAI_API_KEY", "HTTPS_PROXY"} & set(environ)
    assert facts["session"] == facts["pid"]
    assert Path(str(facts["cwd"])) == tmp_path / ".local/state/agentctl/mcp/f"


def test_a_server_of_a_project_runs_in_the_project(tmp_path: Path) -> None:
    """So a relative path in its command means what it says."""
    (tmp_path / "run").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "run").chmod(0o700)
    server = faulty(name="f", project=tmp_path)
    of_project = type(server)("f", ("./run", *server.command[1:]), project=tmp_path)
    facts = json.loads(asyncio.run(called(of_project, tmp_path / "elsewhere", "process")).content)
    assert Path(facts["cwd"]) == tmp_path


@pytest.mark.parametrize("flags", [(), ("--stay",)], ids=["willing", "stubborn"])
def test_the_end_of_the_block_ends_servers_with_all_they_started(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """One that ignores SIGTERM and the end of its stdin is killed."""

    async def run(pipe: Path) -> None:
        async with Servers({"f": faulty(*flags, name="f", env={"HOLD": str(pipe)})}, environment(tmp_path)) as opened:
            await call(await tools_of(opened), "f__spawn")

    with all_gone(tmp_path) as pipe:
        asyncio.run(run(pipe))


def test_cancelling_everything_ends_servers_that_only_start(tmp_path: Path) -> None:
    """A program that is interrupted while it waits for a server leaves nothing behind."""

    async def run(pipe: Path) -> None:
        server = faulty("--mute", "--stay", name="f", env={"HOLD": str(pipe)})
        async with Servers({"f": server}, environment(tmp_path)) as opened:
            waiting = asyncio.create_task(opened.tools())
            while not is_held(pipe):  # until the server runs
                assert not waiting.done()
                await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    with all_gone(tmp_path) as pipe:
        asyncio.run(run(pipe))


def test_who_waits_for_a_server_at_the_end_waits_no_longer(tmp_path: Path) -> None:
    """Leaving the block ends a server that only starts, and tells who waited."""

    async def run(pipe: Path) -> None:
        async with Servers({"f": faulty("--mute", name="f", env={"HOLD": str(pipe)})}, environment(tmp_path)) as opened:
            waiting = asyncio.create_task(opened.tools())
            while not is_held(pipe):  # noqa: ASYNC110 - until the server runs
                await asyncio.sleep(0.01)
        assert await waiting == ((), ("the MCP server f was ended",))

    with all_gone(tmp_path) as pipe:
        asyncio.run(run(pipe))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_server_outlives_us(tmp_path: Path, number: signal.Signals) -> None:
    """Killed in the midst of a call, we leave neither a stubborn server nor what it started behind."""
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from support.mcp_servers import call, environment, faulty, tools_of
        from agentctl.tools.mcp import Servers

        async def run(place, pipe):
            server = faulty("--stay", name="f", env={"HOLD": pipe})
            async with Servers({"f": server}, environment(Path(place))) as opened:
                tools = await tools_of(opened)
                await call(tools, "f__spawn")
                print("started", flush=True)
                await call(tools, "f__hang")

        asyncio.run(run(*sys.argv[1:]))
    """)
    paths = os.pathsep.join(str(Path(__file__).parents[depth]) for depth in (2, 3))
    with all_gone(tmp_path) as pipe:
        command = [sys.executable, "-c", program, str(tmp_path), str(pipe)]
        environ = os.environ | {"PYTHONPATH": paths}
        out, err = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen(command, stdout=out, stderr=err, text=True, env=environ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            process.send_signal(number)


def test_a_server_that_was_killed_takes_along_what_it_started(tmp_path: Path) -> None:
    """Its group is ended when we see that it is gone, not at our own end."""

    async def run(pipe: Path) -> None:
        async with Servers({"f": faulty(name="f", env={"HOLD": str(pipe)})}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            await call(tools, "f__spawn")
            os.kill(json.loads((await call(tools, "f__process")).content)["pid"], signal.SIGKILL)
            while is_held(pipe):  # noqa: ASYNC110 - nothing else tells of it
                await asyncio.sleep(0.01)

    with all_gone(tmp_path) as pipe:
        asyncio.run(run(pipe))


def test_who_lacks_the_sdk_is_told_how_to_get_it(tmp_path: Path) -> None:
    """It is an extra."""
    program = (
        "import asyncio, sys; sys.modules['mcp'] = None\n"
        "from agentctl.settings import McpServer; from agentctl.tools.mcp import Servers\n"
        "async def run():\n"
        "    async with Servers({'x': McpServer('x', ('true',))}) as servers: print((await servers.tools())[1][0])\n"
        "asyncio.run(run())"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("MCP servers need a package that is missing")
    assert done.stdout.endswith("; hint: pip install 'agentctl[mcp]'\n")


def test_nothing_is_loaded_or_started_before_it_is_needed(tmp_path: Path) -> None:
    """Who has no server does not pay for the SDK."""
    program = (
        "import asyncio, sys; from agentctl.tools.mcp import Servers\n"
        "async def run():\n"
        "    async with Servers({}) as servers: assert await servers.tools() == ((), ())\n"
        "asyncio.run(run()); assert not {'mcp', 'mcp_types', 'httpx2', 'pydantic', 'anyio'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
