"""What is behind an address may be no MCP server, or not for us."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.mcp_servers import call, environment, free_port, tools_of
from support.server import Recorded, Script, Send, Server, Stall, answer, head

from agentctl.errors import AgentctlError, ToolError
from agentctl.settings import McpServer
from agentctl.tools.mcp import Servers


def error_of(url: str, home: Path, *, startup: float = 20, **settings: Any) -> AgentctlError:
    """Why the server at the address can't be used."""

    async def run() -> AgentctlError:
        server = McpServer("web", url=url, **settings)
        async with Servers({"web": server}, environment(home), startup=startup) as servers:
            failed = (await servers.offers())["web"].failed
            assert failed is not None
            return failed

    return asyncio.run(run())


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_key_is_told_as_such(tmp_path: Path, status: int) -> None:
    """The hint says how to give one, and that signing in is not possible."""
    with Server(answer(status)) as server:
        error = error_of(server.url, tmp_path)
    assert error.message == f"the MCP server web refuses us (HTTP status {status})"
    assert error.hint == 'set mcp.web.headers, such as { Authorization = "Bearer $TOKEN" }; OAuth is not supported'


def test_nobody_there_and_nobody_who_answers_are_told(tmp_path: Path) -> None:
    """With the address, and within the time to start."""
    port = free_port()
    gone = error_of(f"http://127.0.0.1:{port}/mcp", tmp_path)
    assert f"the MCP server web at http://127.0.0.1:{port}/mcp broke off: " in gone.message
    assert gone.hint == "check mcp.web.url, and that it runs"
    with Server([Stall()]) as server:
        assert "did not answer in time" in error_of(server.url, tmp_path, startup=1).message
    with Server(answer(500)) as server:
        assert "answered with HTTP status 500" in error_of(server.url, tmp_path).message
    with Server(answer(200, b"<html>", {"Content-Type": "text/html"})) as server:
        assert "the MCP server web" in error_of(server.url, tmp_path).message


def test_headers_do_not_follow_to_another_host(tmp_path: Path) -> None:
    """A redirect elsewhere is not followed at all."""
    with Server(answer(200)) as other, Server(answer(307, headers={"Location": f"{other.url}/x"})) as server:
        error_of(server.url, tmp_path, headers={"Authorization": "Bearer secret"})
        assert server.requests[0].headers["authorization"] == "Bearer secret"
        assert other.requests == []


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("application/json", {}, "more than 8 MiB"),
        ("application/json", {"Content-Encoding": "gzip"}, "it compresses"),
        ("text/event-stream", {}, "SSE stream failed"),
    ],
    ids=["plain", "packed", "events"],
)
def test_an_answer_without_end_is_stopped_before_it_fills_memory(
    tmp_path: Path, kind: str, more: dict[str, str], told: str
) -> None:
    """A call fails once the answer is longer than any may be, or comes packed."""

    def respond(asked: Recorded) -> Script:
        if asked.method != "POST" or "id" not in asked.json:
            return answer(202)
        if asked.json["method"] == "tools/call":
            headers = {"Content-Type": kind, "Content-Length": str(1 << 30), **more}
            return [Send(head(200, headers) + b"data:"), *(Send(b" " * (1 << 20)) for _ in range(20)), Stall()]
        return answer(200, reply(asked.json))

    async def run(url: str) -> None:
        async with Servers({"web": McpServer("web", url=url)}, environment(tmp_path)) as servers:
            with pytest.raises(ToolError, match=told):
                await call(await tools_of(servers), "web__big")

    with Server(respond) as server:
        asyncio.run(run(server.url))


def reply(request: Mapping[str, Any]) -> str:
    """What a server of MCP 2025-11-25 with one tool answers."""
    results: Mapping[str, Any] = {
        "initialize": {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"},
        },
        "tools/list": {"tools": [{"name": "big", "inputSchema": {"type": "object"}}]},
    }
    found = results.get(request["method"])
    rest = {"error": {"code": -32601, "message": "no"}} if found is None else {"result": found}
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], **rest})
