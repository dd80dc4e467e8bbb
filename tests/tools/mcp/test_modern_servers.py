"""Servers that speak MCP 2026-07-28: who listens is told of changes, and questions come instead of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.mcp_servers import call, environment, free_port, listening, modern, tools_of

from agentctl.errors import ToolError
from agentctl.settings import McpServer
from agentctl.tools.base import Tool
from agentctl.tools.mcp import Servers


@asynccontextmanager
async def started(home: Path, *, workspace: Path | None = None) -> AsyncIterator[tuple[Servers, dict[str, Tool]]]:
    """The server over stdio and its tools."""
    async with Servers({"modern": modern()}, environment(home), workspace=workspace) as servers:
        yield servers, await tools_of(servers)


async def until_offered(servers: Servers, name: str) -> None:
    """Wait for a tool: the news of it may come after the answer to the call that brought it."""
    async with asyncio.timeout(20):
        while name not in await tools_of(servers):  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0.01)


def test_tools_resources_and_prompts_are_used(tmp_path: Path) -> None:
    """All that a server of the SDK offers, at the newest protocol."""

    async def run() -> None:
        async with started(tmp_path) as (servers, tools):
            assert (await servers.offers())["modern"].protocol == "2026-07-28"
            assert (await call(tools, "modern__echo", text="hi")).content == "hi"
            listed = (await call(tools, "modern__list_resources")).content
            assert listed.splitlines() == [
                "note://one, one, text/plain, Return a note.",
                "note://by/{name}, by, text/plain, Return a note by its name.",
            ]
            note = await call(tools, "modern__read_resource", uri="note://by/me")
            assert note.content == '<resource uri="note://by/me">\nthe note me\n</resource>'
            with pytest.raises(ToolError, match="takes the uri of a resource"):
                await tools["modern__read_resource"].plan({})
            (message,) = await servers.get_prompt("modern", "greet", {"name": "Ann"})
            assert message.text == "Say hello to Ann."
            with pytest.raises(ToolError, match="the MCP server modern says: "):
                await servers.get_prompt("modern", "greet", {})

    asyncio.run(run())


def test_tools_that_a_server_adds_are_there_at_the_next_turn(tmp_path: Path) -> None:
    """The server tells of it who listens."""

    async def run() -> None:
        async with started(tmp_path) as (servers, tools):
            await call(tools, "modern__grow", name="wings")
            await until_offered(servers, "modern__wings")

    asyncio.run(run())


def test_a_server_that_asks_in_return_is_told_the_workspace_and_nothing_else(tmp_path: Path) -> None:
    """Roots are answered; what asks for more, or asks for ever, fails."""

    async def run() -> None:
        async with started(tmp_path, workspace=tmp_path) as (_, tools):
            assert tmp_path.as_uri() in (await call(tools, "modern__ask", what="roots")).content
            for what, method in (("elicit", "elicitation/create"), ("sample", "sampling/createMessage")):
                with pytest.raises(ToolError, match=f"asks for {method}, which agentctl does not answer") as caught:
                    await call(tools, "modern__ask", what=what)
                assert caught.value.reason == "denied"
            with pytest.raises(ToolError, match="the tool endless asks for ever more"):
                await call(tools, "modern__endless")

    asyncio.run(run())


def test_it_is_spoken_over_http_and_found_again(tmp_path: Path) -> None:
    """Headers are sent, changes are told, and a server that was started anew answers the next call."""
    port = free_port()
    server = McpServer("web", url=f"http://127.0.0.1:{port}/mcp", headers={"Authorization": "Bearer $TOKEN"})

    async def run() -> None:
        async with Servers({"web": server}, environment(tmp_path, TOKEN="secret-token")) as servers:
            with listening(port):
                tools = await tools_of(servers)
                assert "'authorization': 'Bearer secret-token'" in (await call(tools, "web__whoami")).content
                await call(tools, "web__grow", name="wings")
                await until_offered(servers, "web__wings")
            with pytest.raises(ToolError, match=f"the MCP server web at http://127.0.0.1:{port}/mcp "):
                await call(tools, "web__echo", text="nobody")
            with listening(port):
                assert (await call(tools, "web__echo", text="somebody")).content == "somebody"

    asyncio.run(run())
