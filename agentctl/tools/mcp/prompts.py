"""The prompts of MCP servers: what there is, and one of them as the beginning of a conversation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentctl.errors import ToolError
from agentctl.messages import Attachment, Message, Part, Text
from agentctl.tools.mcp.connection import Connection
from agentctl.tools.mcp.contents import described
from agentctl.tools.mcp.naming import printable
from agentctl.tools.mcp.pages import pages

if TYPE_CHECKING:
    from mcp.client import Client
    from mcp_types import ContentBlock, GetPromptResult
    from mcp_types import Prompt as Offered

_LENGTH = 500  # characters of a description


@dataclass(frozen=True, slots=True)
class Argument:
    """What a prompt is to be filled in with."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that a server offers."""

    server: str
    name: str
    description: str
    arguments: tuple[Argument, ...]


async def listed(connection: Connection) -> tuple[Prompt, ...]:
    """The prompts of a server.

    Raises:
        AgentctlError: the server does not list them.
    """

    async def ask(client: Client) -> list[Offered]:
        if client.server_capabilities.prompts is None:
            return []
        return [prompt async for page in pages(client.list_prompts) for prompt in page.prompts]

    return tuple(_prompt(connection.server.name, prompt) for prompt in await connection.ask(ask))


async def filled_in(connection: Connection, name: str, arguments: Mapping[str, str]) -> tuple[Message, ...]:
    """The messages of the prompt `name` with these arguments.

    Raises:
        AgentctlError: the server has no such prompt, or wants other arguments.
    """

    async def ask(client: Client) -> GetPromptResult:
        return await client.get_prompt(name, dict(arguments))

    result = await connection.ask(ask)
    return tuple(Message(message.role, (_part(message.content),)) for message in result.messages)


def _prompt(server: str, offered: Offered) -> Prompt:
    arguments = tuple(
        Argument(each.name, printable(each.description or "", _LENGTH), bool(each.required))
        for each in offered.arguments or ()
    )
    return Prompt(server, offered.name, printable(offered.description or offered.title or "", _LENGTH), arguments)


def _part(block: ContentBlock) -> Part:
    match block.type:
        case "text":
            return Text(block.text)
        case "image":
            return Attachment("image", block.mime_type, _decoded(block.data))
        case "resource":
            resource = block.resource
            name, text, blob = (getattr(resource, part, None) for part in ("uri", "text", "blob"))
            kind = resource.mime_type or ("application/octet-stream" if text is None else "text/plain")
            return Attachment(str(name), kind, _decoded(str(blob)) if text is None else str(text).encode())
    return Text(described(block))


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ToolError("the prompt has a file in it that is not in base 64") from error
