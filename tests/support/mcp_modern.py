"""An MCP server made with the SDK, which speaks MCP 2026-07-28 as well; over stdio, or over HTTP on loopback.

`python mcp_modern.py` speaks on stdio; `python mcp_modern.py PORT` on http://127.0.0.1:PORT/mcp, until its stdin ends.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
    TextContent,
)

server = MCPServer("modern")


@server.tool()
def echo(text: str) -> str:
    """Return the text."""
    return text


@server.tool()
async def grow(name: str, ctx: Context[Any, Any]) -> str:
    """Add a tool."""
    server.add_tool(lambda: name, name=name, description="Added.")
    await ctx.notify_tools_changed()
    return "grown"


@server.tool()
def ask(what: str, ctx: Context[Any, Any]) -> str | InputRequiredResult:
    """Ask the client before answering."""
    if ctx.input_responses:
        return str(ctx.input_responses)
    questions: dict[str, ElicitRequest | CreateMessageRequest | ListRootsRequest] = {
        "elicit": ElicitRequest(
            params=ElicitRequestFormParams(
                message="Your password?", requested_schema={"type": "object", "properties": {}}
            )
        ),
        "sample": CreateMessageRequest(params=CreateMessageRequestParams(messages=[], max_tokens=5)),
        "roots": ListRootsRequest(),
    }
    return InputRequiredResult(input_requests={"question": questions[what]}, request_state="s")


@server.tool()
def endless() -> InputRequiredResult:
    """Ask for ever."""
    return InputRequiredResult(input_requests={"question": ListRootsRequest()}, request_state="s")


@server.tool(structured_output=False)
def lying() -> CallToolResult:
    """Return what does not fit the schema."""
    return CallToolResult(content=[TextContent(text="fine")], structured_content={"answer": "not a number"})


@server.tool()
def process() -> str:
    """Return the number of the process."""
    return str(os.getpid())


@server.tool()
def whoami(ctx: Context[Any, Any]) -> str:
    """Return the headers of the request."""
    return str(dict(ctx.headers or {}))


@server.resource("note://one")
def one() -> str:
    """Return a note."""
    return "the first note"


@server.resource("note://by/{name}")
def by(name: str) -> str:
    """Return a note by its name."""
    return f"the note {name}"


@server.prompt()
def greet(name: str) -> str:
    """Say hello."""
    return f"Say hello to {name}."


def _until_told(port: int) -> None:
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    _until_told(int(sys.argv[1])) if sys.argv[1:] else server.run("stdio")
