"""What carries the messages between us and one MCP server: the pipes of a process, or HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from agentctl.errors import ToolError

if TYPE_CHECKING:
    from mcp.client import Transport


class Link(Protocol):
    """One connection, which is opened once. `gone` is set as soon as nothing can come any more."""

    gone: asyncio.Event

    @property
    def stale(self) -> bool:
        """Whether the server refused a request because it forgot us: sent on a new connection, it may do."""
        ...

    def open(self) -> Transport:
        """What the SDK reads from and writes to; leaving it ends the connection and whatever was started for it.

        Raises:
            AgentctlError: the server can't be reached as it is configured.
        """
        ...

    def refusal(self) -> ToolError | None:
        """What to tell the user if the server does not let us in."""
        ...

    def explain(self, error: BaseException) -> ToolError:
        """Why it broke, or did not come about; `error` is what the SDK said."""
        ...


def leaf(error: BaseException) -> BaseException:
    """The exception itself where task groups wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
