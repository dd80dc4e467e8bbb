"""What an MCP server offers a model, as far as it can be offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.base import Tool
from agentctl.tools.mcp.connection import Connection
from agentctl.tools.mcp.pages import pages
from agentctl.tools.mcp.resources import ResourceTool, has_any
from agentctl.tools.mcp.tool import offer

if TYPE_CHECKING:
    from mcp.client import Client
    from mcp_types import Tool as Offered

_MOST = 256  # tools of one server; each is sent with every request


class Offers(NamedTuple):
    """What there is: the tools of a server, and what the user should know of them.

    `failed` is the error where there are none because the server failed; `protocol` the version of MCP that it speaks.
    """

    tools: tuple[Tool, ...] = ()
    notices: tuple[str, ...] = ()
    failed: AgentctlError | None = None
    protocol: str | None = None


async def offers_of(connection: Connection) -> Offers:
    """Ask a server what it offers.

    Raises:
        AgentctlError: it can't be reached, or does not say.
    """
    server = connection.server
    listed, resources = await connection.ask(lambda client: _listing(client, connection))
    wanted = [each for each in listed if server.tools is None or each.name in server.tools]
    notices: list[str] = []
    tools: dict[str, Tool] = {}  # of two with one name the first counts, and a server's own before ours
    for each in wanted:
        try:
            tool = offer(connection, each)
            tools.setdefault(tool.spec.name, tool)
        except ToolError as error:
            notices.append(notice(error))
    for ours in _resource_tools(connection) if resources else ():
        tools.setdefault(ours.spec.name, ours)
    missing = set(server.tools or ()) - {each.name for each in listed} - {"list_resources", "read_resource"}
    notices += [
        f"the MCP server {server.name} has no tool {name}; hint: correct mcp.{server.name}.tools"
        for name in sorted(missing)
    ]
    if len(tools) > _MOST:
        notices.append(f"the MCP server {server.name} offers {len(tools)} tools, of which {_MOST} are used")
    return Offers(tuple(tools.values())[:_MOST], tuple(notices), protocol=connection.protocol)


def notice(error: AgentctlError) -> str:
    """An error in one line, with its hint."""
    return error.message + (f"; hint: {error.hint}" if error.hint else "")


async def _listing(client: Client, connection: Connection) -> tuple[list[Offered], bool]:
    """The tools that a server lists, and whether it has resources."""
    connection.changed = False  # what changes from here on is news
    able = client.server_capabilities
    tools = [] if able.tools is None else [tool async for page in pages(client.list_tools) for tool in page.tools]
    # The SDKs' servers say that they have resources when they have none.
    return tools, able.resources is not None and await has_any(client)


def _resource_tools(connection: Connection) -> Iterator[Tool]:
    wanted = connection.server.tools
    if wanted is None or "list_resources" in wanted:
        yield ResourceTool(connection, "list")
    if wanted is None or "read_resource" in wanted:
        yield ResourceTool(connection, "read")
