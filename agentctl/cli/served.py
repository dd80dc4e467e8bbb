"""A chat that begins with the prompt of an MCP server."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.app import App
from agentctl.errors import UsageError
from agentctl.messages import Message


def served(wired: App, name: str | None, arguments: Sequence[str]) -> Message | None:
    """Ask a server for its prompt `SERVER/NAME`, filled in with `KEY=VALUE`; None without a name.

    Raises:
        UsageError: the name or an argument is none.
        ConfigError: there is no such server.
        ToolError: the server failed, has no such prompt, or wants other arguments.
    """
    if name is None:
        if arguments:
            raise UsageError("--argument is for the prompt of a server", hint="name it: --prompt SERVER/NAME")
        return None
    server, slash, prompt = name.partition("/")
    if not (server and slash and prompt):
        raise UsageError(
            f"{name!r} names no prompt of a server", hint="it is SERVER/NAME; `agentctl tools list` has them"
        )
    given = dict(_pair(one) for one in arguments)
    messages = wired.served_prompt(server, prompt, given)
    return Message("user", tuple(part for message in messages for part in message.parts))


def joined(begun: Message | None, said: Message | None) -> Message | None:
    """What a server began, and what the user says after it."""
    if begun is None or said is None:
        return said or begun
    return Message("user", (*begun.parts, *said.parts))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise UsageError(f"{text!r} is no argument", hint="an argument is KEY=VALUE")
    return key, value
