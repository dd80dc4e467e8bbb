"""What carries the messages between us and one MCP server: the pipes of a process, or HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, Protocol

from agentctl.errors import ToolError

if TYPE_CHECKING:
    from mcp.client import Transport


class Refusal(NamedTuple):
    """An HTTP status that refused a request, and whether that was made in a session."""

    status: int
    in_session: bool


REFUSALS: ContextVar[list[Refusal]] = ContextVar("REFUSALS")
"""Where links put what refuses the requests that are made in this context: the SDK sends in the context of who asks."""


class Link(Protocol):
    """One connection, which is opened once. `gone` is set as soon as nothing can come any more."""

    gone: asyncio.Event

    def open(self) -> Transport:
        """What the SDK reads from and writes to; leaving it ends the connection and whatever was started for it.

        Raises:
            AgentctlError: the server can't be reached as it is configured.
        """
        ...

    def forgot(self, refusals: Sequence[Refusal]) -> bool:
        """Whether the server refused a request because it forgot us: made on a new connection, it may do."""
        ...

    def denied(self, refusals: Sequence[Refusal]) -> ToolError | None:
        """What to tell the user if the server does not let us in."""
        ...

    def explain(self, error: BaseException, refusals: Sequence[Refusal]) -> ToolError:
        """Why it broke, or did not come about; `error` is what the SDK said."""
        ...


def leaf(error: BaseException) -> BaseException:
    """The exception itself where task groups wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
