"""What MCP servers do wrong: nobody waits for them, nothing of theirs fills memory, and what went wrong is told."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.mcp_servers import call, called, environment, faulty, tools_of

from agentctl.errors import AgentctlError, ToolError
from agentctl.settings import McpServer
from agentctl.tools.mcp import Servers, survey


def test_a_server_that_does_not_start_takes_no_other_down(tmp_path: Path) -> None:
    """Each failure is told once, with its reason and what to do, and the others' tools are there."""
    dying = (sys.executable, "-c", "import sys; sys.exit('no config file, with sk-0123456789abcdefghij')")
    servers = {
        "good": faulty(name="good"),
        "missing": McpServer("missing", ("no-such-program",)),
        "dying": McpServer("dying", dying),
        "unset": faulty(name="unset", env={"KEY": "$NOT_SET_ANYWHERE"}),
        "neither": McpServer("neither"),
        "listless": faulty("--listless", name="listless"),
        "relative": McpServer("relative", ("./server",)),
    }

    async def run() -> None:
        async with Servers(servers, environment(tmp_path)) as opened:
            tools, notices = await opened.tools()
            told = "\n".join(notices)
            assert {tool.spec.name.partition("__")[0] for tool in tools} == {"good"}
            assert len(notices) == 6
            assert "there is no program no-such-program for the MCP server missing; hint: install it" in told
            assert "the MCP server dying ended with exit code 1; it said: no config file, with [redacted]; hint" in told
            assert "$NOT_SET_ANYWHERE, which is not set" in told
            assert "the MCP server listless breaks the protocol: tools.12.inputSchema.type: Input should be" in told
            assert "mcp.neither has neither a command nor an address" in told
            assert "mcp.relative.command is a relative path" in told
            assert await opened.tools() == (tools, ())

    asyncio.run(run())


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    """Once its time to start is over."""

    async def run() -> None:
        async with Servers({"mute": faulty("--mute", name="mute")}, environment(tmp_path), startup=0.5) as opened:
            tools, notices = await opened.tools()
            assert tools == ()
            assert notices[0].startswith(
                "the MCP server mute did not answer in time; hint: run it by hand to see why: "
            )

    asyncio.run(run())


def test_a_server_whose_program_can_be_asked_for_is_named(tmp_path: Path) -> None:
    """Only servers that are configured can be wanted, and only those that are wanted are started."""

    async def run() -> None:
        both = {"one": faulty(name="one"), "two": McpServer("two", ("no-such-program",))}
        async with Servers(both, environment(tmp_path), only=("one",)) as opened:
            assert "one__echo" in await tools_of(opened)
            with pytest.raises(AgentctlError, match="there is no MCP server two; there are one"):
                await opened.get_prompt("two", "p", {})

    asyncio.run(run())
    with pytest.raises(AgentctlError, match="there is no MCP server three"):
        Servers({}, environment(tmp_path), only=("three",))


def test_a_call_that_takes_too_long_is_given_up_and_cancelled(tmp_path: Path) -> None:
    """Nobody waits longer than the timeout, the server learns of it, and it answers the next call."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f", timeout=0.5)}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            with pytest.raises(ToolError, match=r"the MCP server f took longer than 0\.5 s") as caught:
                await call(tools, "f__hang")
            assert caught.value.reason == "timeout"
            heard = (await call(tools, "f__heard")).content
            assert '"method": "notifications/cancelled"' in heard

    asyncio.run(run())


def test_a_cancelled_call_returns_at_once_and_the_server_learns_of_it(tmp_path: Path) -> None:
    """The server is told, and stays as it is for others."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            hanging = asyncio.create_task(call(tools, "f__hang"))
            before = json.loads((await call(tools, "f__process")).content)["pid"]
            hanging.cancel()
            begun = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await hanging
            assert time.monotonic() - begun < 60
            assert "notifications/cancelled" in (await call(tools, "f__heard")).content
            assert json.loads((await call(tools, "f__process")).content)["pid"] == before

    asyncio.run(run())


def test_a_server_that_reads_no_more_holds_nobody_up(tmp_path: Path) -> None:
    """With its stdin full, calls still end when their time is over, or when they are cancelled."""

    async def run() -> None:
        async with Servers({"f": faulty("--deaf", name="f", timeout=1.0)}, environment(tmp_path)) as opened:
            (connection,) = opened._connections.values()
            begun = time.monotonic()
            many = [connection.ask(lambda client: client.call_tool("echo", {"text": "x" * 50_000})) for _ in range(20)]
            found = await asyncio.gather(*many, return_exceptions=True)
            assert {type(each) for each in found} == {ToolError}
            assert time.monotonic() - begun < 15  # one after the other they would take 20

    asyncio.run(run())


def test_a_server_that_dies_in_the_midst_of_a_call_is_started_anew_for_the_next(tmp_path: Path) -> None:
    """The call fails with what the server said last; it is not made again, for it may have been half done."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            before = json.loads((await call(tools, "f__process")).content)["pid"]
            found = await asyncio.gather(call(tools, "f__hang"), call(tools, "f__die"), return_exceptions=True)
            for each in found:
                assert isinstance(each, ToolError)
                assert "the MCP server f ended with exit code 3; it said: I have had [2Jenough" in str(each)
            assert json.loads((await call(tools, "f__process")).content)["pid"] != before
            assert (await opened.tools())[1] == ()

    asyncio.run(run())


def test_a_flood_is_stopped_before_it_fills_memory(tmp_path: Path) -> None:
    """A message of some MiB passes; one that is too large ends the server, and the next call finds a new one."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            assert len((await call(tools, "f__flood", mib=5)).content) == 5 << 20
            with pytest.raises(ToolError, match="sent a message of more than 8 MiB, and was stopped"):
                await call(tools, "f__flood", mib=64)
            assert (await call(tools, "f__echo", text="again")).content == "again"

    asyncio.run(run())


def test_what_a_server_prints_besides_messages_is_no_matter(tmp_path: Path) -> None:
    """Greetings on stdout are skipped, and nothing that it says comes to our terminal, nor what the SDK says of it."""
    program = (
        "import asyncio, sys; from pathlib import Path; from support.mcp_servers import called, faulty\n"
        "print(asyncio.run(called(faulty('--chatty'), Path(sys.argv[1]), 'echo', text='hi')).content)"
    )
    paths = os.pathsep.join(str(Path(__file__).parents[depth]) for depth in (2, 3))
    command, environ = [sys.executable, "-c", program, str(tmp_path)], os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("hi\n", "")


def test_answers_against_the_protocol_are_told_and_survived(tmp_path: Path) -> None:
    """A result that is none is the server's fault; an error that it answers with is passed on without its controls."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path)) as opened:
            tools = await tools_of(opened)
            with pytest.raises(ToolError, match="the MCP server f breaks the protocol"):
                await call(tools, "f__wrong")
            with pytest.raises(ToolError, match=r"^the MCP server f says: no, \[2J never$"):
                await call(tools, "f__refuse")
            assert (await call(tools, "f__echo", text="still here")).content == "still here"

    asyncio.run(run())


def test_lists_without_end_end(tmp_path: Path) -> None:
    """The pages of a list are counted."""

    async def run() -> None:
        async with Servers({"f": faulty("--endless", name="f")}, environment(tmp_path)) as opened:
            tools, notices = await opened.tools()
            assert "f__echo" in {tool.spec.name for tool in tools}
            assert len({tool.spec.name for tool in tools}) == len(tools)
            assert notices == ()

    asyncio.run(run())


def test_tools_that_can_t_be_offered_are_left_out_and_named(tmp_path: Path) -> None:
    """Names fit what providers take and stay apart, descriptions are cut, schemas are refused with the reason."""

    async def run() -> None:
        async with Servers({"f": faulty("--lies", name="f")}, environment(tmp_path)) as opened:
            tools, notices = await opened.tools()
            specs = {tool.spec.name: tool.spec for tool in tools}
            (notice,) = notices
            assert notice.startswith("the tool huge of the MCP server f is left out: its schema has 100037 bytes, and")
            assert len([name for name in specs if name.startswith("f__pick_a_file_")]) == 2
            assert len(specs["f__wordy"].description) == 8192
            (long,) = [name for name in specs if name.startswith("f__longlong")]
            assert len(long) == 64
            plan = await next(tool for tool in tools if tool.spec.name == "f__ansi").plan({"a": "\x1b[2J"})
            assert plan.summary == 'MCP f: ansi {"a": "\\u001b[2J"} (read-only, says the server)'
            assert (plan.effect, plan.subject, plan.preview) == ("execute", "", "")
            long_one = await tools[0].plan({"text": "x" * 100 + "rm -rf"})
            assert long_one.summary.endswith("x…")
            assert "rm -rf" in long_one.preview

    asyncio.run(run())


def test_only_the_tools_that_are_wanted_are_offered(tmp_path: Path) -> None:
    """A name that the server does not have is told."""
    server = faulty(name="f", tools=("echo", "sing"))

    async def run() -> None:
        async with Servers({"f": server}, environment(tmp_path)) as opened:
            tools, notices = await opened.tools()
            assert [tool.spec.name for tool in tools] == ["f__echo"]
            assert notices == ("the MCP server f has no tool sing; hint: correct mcp.f.tools",)

    asyncio.run(run())


def test_tools_that_a_server_adds_are_there_at_the_next_turn(tmp_path: Path) -> None:
    """MCP 2025-11-25 tells of it unasked."""

    async def run() -> None:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path)) as opened:
            before = await tools_of(opened)
            await call(before, "f__grow", name="wings")
            assert set(await tools_of(opened)) - set(before) == {"f__wings"}

    asyncio.run(run())


def test_a_server_that_asks_is_told_the_workspace_and_nothing_else(tmp_path: Path) -> None:
    """Roots are the workspace; sampling and elicitation are refused, and so are roots where there is no workspace."""

    async def asked(method: str, params: object, workspace: Path | None) -> str:
        async with Servers({"f": faulty(name="f")}, environment(tmp_path), workspace=workspace) as opened:
            return (await call(await tools_of(opened), "f__ask", method=method, params=params)).content

    sampling = {"messages": [], "maxTokens": 5}
    elicitation = {"message": "Your password?", "requestedSchema": {"type": "object", "properties": {}}}
    assert tmp_path.as_uri() in asyncio.run(asked("roots/list", {}, tmp_path))
    assert "List roots not supported" in asyncio.run(asked("roots/list", {}, None))
    assert "Sampling not supported" in asyncio.run(asked("sampling/createMessage", sampling, tmp_path))
    assert "Elicitation not supported" in asyncio.run(asked("elicitation/create", elicitation, tmp_path))


def test_what_is_no_text_is_told_in_words(tmp_path: Path) -> None:
    """Structure stands in for text, media are named with their type and size, resources of text are inlined."""
    assert asyncio.run(called(faulty(name="f"), tmp_path, "parts")).content.splitlines() == [
        '{"answer": 42}',
        "[image: image/png, 4 bytes]",
        "[audio: audio/wav, 4 bytes]",
        '<resource uri="note://1">',
        "remember",
        "</resource>",
        "[resource: blob://1, image/gif, 3 bytes]",
        "[resource: note://2, two]",
    ]


def test_a_survey_says_what_works(tmp_path: Path) -> None:
    """Every server with its state and its tools, or with its error."""
    servers = {"good": faulty(name="good", tools=("echo",)), "bad": McpServer("bad", ("no-such-program",))}
    good, bad = asyncio.run(survey(servers, environment(tmp_path)))
    assert (good.server, good.state, good.tools, good.error) == ("good", "ok", ("good__echo",), None)
    assert (good.protocol, bad.protocol) == ("2025-11-25", None)
    assert (bad.server, bad.state, bad.tools) == ("bad", "failed", ())
    assert bad.error is not None
    assert bad.error.hint == "install it, or correct mcp.bad.command"
