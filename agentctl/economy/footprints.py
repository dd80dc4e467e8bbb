"""What is kept of a request so that the next one can be compared with it: digests, and no word of what was said. Pure.

A document of JSON stands for the request: `$.tools`, `$.system` (the parts of its system messages), `$.messages` (all
others) and what else decides on a cache, `$.effort` and `$.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agentctl.breakpoints import TOOLS, Breakpoint, CachePlan
from agentctl.economy.prints import Print, print_of
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec

_TYPES: Mapping[type, str] = {
    Text: "text",
    Thinking: "thinking",
    ToolCall: "tool_call",
    ToolResult: "tool_result",
    Attachment: "attachment",
}


class Asked(Protocol):
    """What a footprint is made of; `providers.base.Request` is one."""

    @property
    def model(self) -> str:
        """The provider's own name of the model."""
        ...

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        ...

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What the model may call."""
        ...

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """What the answer must follow."""
        ...

    @property
    def effort(self) -> str | None:
        """How much to think."""
        ...

    @property
    def cache(self) -> CachePlan | None:
        """What was to be kept."""
        ...


@dataclass(frozen=True, slots=True)
class Extent:
    """How far what is to be kept reaches, behind the tools.

    Args:
        system: how many parts of the system's messages.
        messages: how many of the other messages.
    """

    system: int
    messages: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """Digests of one request, and what was planned for it.

    Args:
        provider: who was asked.
        model: its name of the model.
        at: when, in epoch µs.
        plan: what was to be kept; None left it to the provider.
        tools: the name and the leaves of each tool.
        system: the leaves of each part of the system's messages.
        messages: of each other message the role, then the leaves of each of its parts.
        settings: the leaves of what else decides on a cache.
        extent: how far what is to be kept reaches; None if nothing is.
        marks: for each breakpoint the blocks of content up to it; a part counts as a block.
        expected: tokens that were expected to be read from the cache, if somebody reckoned that.
    """

    provider: str
    model: str
    at: int
    plan: CachePlan | None
    tools: tuple[tuple[str, Print], ...]
    system: tuple[Print, ...]
    messages: tuple[tuple[Print, ...], ...]
    settings: Print
    extent: Extent | None
    marks: tuple[int, ...] = ()
    expected: int | None = None


def footprint(asked: Asked, provider: str, at: int, expected: int | None = None) -> Footprint:
    """Return the footprint of a request.

    Args:
        asked: the request.
        provider: who is asked.
        at: when it is sent, in epoch µs.
        expected: tokens that are expected to be read from the cache.
    """
    plan, messages = asked.cache, asked.messages
    settings = {"effort": asked.effort, "schema": asked.schema}
    return Footprint(
        provider,
        asked.model,
        at,
        plan,
        tuple((tool.name, print_of(_tool(tool))) for tool in asked.tools),
        tuple(print_of(_part(part)) for message in messages if message.role == "system" for part in message.parts),
        tuple(_message(message) for message in messages if message.role != "system"),
        print_of(settings),
        extent(messages, plan),
        tuple(_blocks(messages, mark) for mark in plan.breakpoints) if plan else (),
        expected,
    )


def extent(messages: Sequence[Message], plan: CachePlan | None) -> Extent | None:
    """Return how far the plan reaches, None if it keeps nothing; a provider left to itself keeps all that it can."""
    if plan is None or plan.implicit:
        mark = Breakpoint(len(messages) - 1)
    elif plan.resource is not None:
        mark = Breakpoint(plan.covered - 1)
    elif plan.breakpoints:
        mark = plan.breakpoints[-1]
    else:
        return None
    held = messages[: mark.after + 1]
    system = sum(len(message.parts) for message in held if message.role == "system")
    others = sum(message.role != "system" for message in held)
    return Extent(system, others)


def _blocks(messages: Sequence[Message], mark: Breakpoint) -> int:
    if mark.after == TOOLS:
        return 0
    return sum(len(message.parts) for message in messages[: mark.after + 1])


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _message(message: Message) -> tuple[Print, ...]:
    return (print_of({"role": message.role}), *(print_of(_part(part)) for part in message.parts))


def _part(part: Part) -> dict[str, Any]:
    fields = {name: getattr(part, name) for name in part.__slots__}
    return {"type": _TYPES[type(part)], **{name: value for name, value in fields.items() if value is not None}}
