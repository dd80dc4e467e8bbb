"""What a provider is: a request in, a stream of events out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentctl.events import Done, StreamEvent
from agentctl.messages import Message


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool the model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model.

    `model` is the provider's own name for it, after the first `/`. `max_output` is in tokens; None leaves it to the
    provider. `schema` is a JSON Schema that the answer must follow.
    """

    model: str
    messages: tuple[Message, ...]
    max_output: int | None = None
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one provider's API accepts and reports, as data: code asks this, never a provider's name.

    `media_types` are prefixes. `key_hint` says how the user gives this provider a key. `extra_body` is sent as it is.
    """

    provider: str
    base_url: str = ""
    key_hint: str = ""
    output_limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    media_types: tuple[str, ...] = ("text/",)
    json_schema: bool = True
    tools: bool = True
    stream_usage: bool = True
    extra_body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, with nothing secret in it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Provider(Protocol):
    """One model service."""

    @property
    def name(self) -> str:
        """What stands before the first `/` of a model's name."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send the request and yield what comes back, `Done` last.

        Raises:
            ProviderError: the provider failed; it carries the partial answer and usage.
            CancelledError: the task was cancelled; with the argument `UNSENT`, before the request was sent.
        """
        ...

    def preview(self, request: Request) -> Preview:
        """What `stream` would send, redacted. Nothing is sent."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


async def complete(provider: Provider, request: Request) -> Done:
    """`stream`, drained to its `Done`."""
    async with aclosing(provider.stream(request)) as events:
        async for event in events:
            if isinstance(event, Done):
                return event
    raise AssertionError("a provider's stream ends in Done or raises")
