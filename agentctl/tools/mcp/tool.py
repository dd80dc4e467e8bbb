"""A tool of an MCP server, as any other tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.redact import redact
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.mcp.connection import Connection
from agentctl.tools.mcp.contents import outcome
from agentctl.tools.mcp.naming import offered_name, printable

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.client import Client

LARGEST_SCHEMA = 64 << 10  # bytes; it is sent with every request
_LONGEST_DESCRIPTION = 8 << 10  # characters
_SHOWN = 100  # characters of the arguments in the summary; where that is too short, the preview has all
_NAME = 64  # characters of the server's own name of it
_ROUNDS = 10  # of questions that a server may ask before it answers


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool that a server does. Whatever it says of itself, it may do anything: its effect is `execute`."""

    spec: ToolSpec
    connection: Connection
    name: str
    harmless: bool = False

    @property
    def timeout(self) -> float:
        """How many seconds a call may take: its own time, and that of a server that has to be started anew."""
        return self.connection.startup + self.connection.server.timeout

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """The call as it will be sent; the server checks the arguments."""
        line = redact(json.dumps(dict(arguments), ensure_ascii=False))
        whole = redact(json.dumps(dict(arguments), indent=2))  # in ASCII, without controls
        claim = " (read-only, says the server)" if self.harmless else ""
        return Plan(
            f"MCP {self.connection.server.name}: {printable(self.name, _NAME)} {printable(line, _SHOWN)}{claim}",
            "",
            "execute",
            partial(self._run, dict(arguments)),
            whole if len(line) > _SHOWN else "",
        )

    async def _run(self, arguments: dict[str, Any]) -> Outcome:
        result = await self.connection.ask(partial(_call, name=self.name, arguments=arguments))
        return replace(outcome(result), details={"server": self.connection.server.name, "tool": self.name})


def offer(connection: Connection, tool: types.Tool) -> McpTool:
    """The tool as it is offered to models.

    Raises:
        ToolError: it can't be, for its schema is too large.
    """
    name = printable(tool.name, _NAME)
    schema = tool.input_schema
    if (size := len(json.dumps(schema))) > LARGEST_SCHEMA:
        raise ToolError(
            f"the tool {name} of the MCP server {connection.server.name} is left out: its schema has {size} bytes, "
            f"and no more than {LARGEST_SCHEMA} are taken"
        )
    described = (tool.description or tool.title or tool.name)[:_LONGEST_DESCRIPTION]
    spec = ToolSpec(offered_name(connection.server.name, tool.name), described, schema)
    return McpTool(spec, connection, tool.name, bool(tool.annotations and tool.annotations.read_only_hint))


async def _call(client: Client, *, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    """Call a tool.

    Not by the SDK's `call_tool`: that holds results against the server's own schema, with patterns that may take for
    ever, and throws away what does not fit.
    """
    import mcp_types as types  # noqa: PLC0415 - the SDK takes a second to load
    from pydantic import TypeAdapter  # noqa: PLC0415

    Answer = types.CallToolResult | types.InputRequiredResult  # noqa: N806 - a type
    adapter: TypeAdapter[types.CallToolResult | types.InputRequiredResult] = TypeAdapter(Answer)
    params = types.CallToolRequestParams(name=name, arguments=arguments)
    for _ in range(_ROUNDS):
        result = await client.session.send_request(types.CallToolRequest(params=params), adapter)
        if isinstance(result, types.CallToolResult):
            return result
        answers = {key: await _answer(client, key, asked) for key, asked in (result.input_requests or {}).items()}
        params = params.model_copy(update={"input_responses": answers, "request_state": result.request_state})
    raise ToolError(f"the tool {name} asks for ever more before it answers")


async def _answer(client: Client, key: str, asked: types.InputRequest) -> types.InputResponse:
    """What a server is told that asks in return, since MCP 2026-07-28: the roots, and nothing else."""
    from mcp.client import ClientRequestContext  # noqa: PLC0415
    from mcp_types import ErrorData  # noqa: PLC0415

    context = ClientRequestContext(session=client.session, request_id=key)
    answer = await client.session.dispatch_input_request(context, asked)
    if isinstance(answer, ErrorData):
        raise ToolError(f"the server asks for {asked.method}, which agentctl does not answer", reason="denied")
    return answer
