"""The resources of an MCP server, as two tools: one lists them, one reads one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.redact import redact
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.mcp.connection import Connection
from agentctl.tools.mcp.contents import joined
from agentctl.tools.mcp.naming import offered_name, printable
from agentctl.tools.mcp.pages import pages

if TYPE_CHECKING:
    from mcp.client import Client
    from mcp_types import Resource, ResourceTemplate

_NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
_URI: Mapping[str, Any] = {
    "type": "object",
    "properties": {"uri": {"type": "string", "description": "its URI, from the list or made of a template"}},
    "required": ["uri"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class ResourceTool:
    """Lists the resources of a server, or reads one."""

    connection: Connection
    does: Literal["list", "read"]

    @property
    def spec(self) -> ToolSpec:
        """What models are told."""
        server = self.connection.server.name
        if self.does == "list":
            name = offered_name(server, "list_resources")
            return ToolSpec(name, f"List the resources of {server}, and the templates of their URIs.", _NOTHING)
        return ToolSpec(offered_name(server, "read_resource"), f"Read a resource of {server}.", _URI)

    @property
    def timeout(self) -> float:
        """How many seconds a call may take, with a server that has to be started anew."""
        return self.connection.startup + self.connection.server.timeout

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """What will be asked for.

        Raises:
            ToolError: there is no URI among the arguments.
        """
        server, name = self.connection.server.name, self.spec.name
        if self.does == "list":
            return Plan(f"MCP {server}: list resources", name, "execute", self._list)
        uri = arguments.get("uri")
        if not isinstance(uri, str) or not uri:
            raise ToolError(f"{name} takes the uri of a resource", reason="invalid")
        summary = f"MCP {server}: read {printable(redact(uri), 200)}"
        return Plan(summary, name, "execute", partial(self._read, uri))

    async def _list(self) -> Outcome:
        return Outcome(await self.connection.ask(_listed))

    async def _read(self, uri: str) -> Outcome:
        result = await self.connection.ask(lambda client: client.read_resource(uri))
        return Outcome(joined(result.contents))


async def has_any(client: Client) -> bool:
    """Whether a server has a resource, or a template of some."""
    if (await client.list_resources()).resources:
        return True
    return bool([each async for each in _templates(client)])


async def _listed(client: Client) -> str:
    lines = [_line(each.uri, each) async for page in pages(client.list_resources) for each in page.resources]
    lines += [_line(each.uri_template, each) async for each in _templates(client)]
    return "\n".join(lines) or "there are none"


async def _templates(client: Client) -> AsyncIterator[ResourceTemplate]:
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415 - the SDK takes a second to load
    from mcp_types import METHOD_NOT_FOUND  # noqa: PLC0415

    try:
        async for page in pages(client.list_resource_templates):
            for each in page.resource_templates:
                yield each
    except MCPError as error:
        if error.code != METHOD_NOT_FOUND:  # a server may have resources and no templates
            raise


def _line(uri: str, resource: Resource | ResourceTemplate) -> str:
    facts = (resource.title or resource.name, resource.mime_type, resource.description)
    return ", ".join([uri, *(printable(fact, 200) for fact in facts if fact)])
