"""What a provider is: a request in, a stream of events out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    # Who only asks what providers are capable of, as a list of models does, needs none of what they answer.
    from agentctl.breakpoints import CachePlan
    from agentctl.events import Done, StreamEvent
    from agentctl.messages import Message, ToolSpec
    from agentctl.usage import Usage

Api = Literal["chat", "responses", "messages", "gemini", "openrouter"]
ReasoningField = Literal["", "reasoning_content", "content"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From the least to the most."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model.

    `model` is the provider's own name for it, after the first `/`. `schema` is a JSON Schema that the answer must
    follow.

    Args:
        max_output: the most tokens to answer with; None leaves it to the provider.
        output_ceiling: the most that the model can, if that is known: some APIs want a limit even if nobody wishes one.
        effort: how much to think before answering; None leaves it to the provider.
        session_id: what the requests of one conversation have in common; a provider routes them to the same cache.
        cache: what of it the provider is asked to keep for the next request; None leaves that to the provider.
        previous_response_id: the provider's name for its answer before this one, with whose request it may compare this
            one to say why its cache was not read; None where there is none.
    """

    model: str
    messages: tuple[Message, ...]
    max_output: int | None = None
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[ToolSpec, ...] = ()
    output_ceiling: int | None = None
    effort: Effort | None = None
    session_id: str | None = None
    cache: CachePlan | None = None
    previous_response_id: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one provider's API accepts and reports, as data: code asks this, never a provider's name.

    Args:
        provider: what stands before the first `/` of its models' names.
        base_url: where it is, without what the API itself puts before its paths.
        api: the API that it speaks: OpenAI's Chat Completions or Responses, Anthropic's Messages, Google's Gemini, or
            OpenRouter's kind of Chat Completions.
        key_variables: the environment variables that hold its key.
        needs_key: whether it answers nobody without one.
        key_hint: how the user gives it a key.
        output_limit_field: what Chat Completions calls the most tokens to answer with.
        media_types: prefixes of what may be attached beside text.
        json_schema: whether its answers can follow a JSON schema.
        tools: whether its models can call tools.
        stream_usage: whether it takes the wish for a usage at the end of the stream.
        stream_schema: whether it streams answers that follow a schema.
        signatures: to whom a signature means something: all models of the provider, or the one that made it.
        tool_id: the regular expression that it wants ids of tool calls to match; empty takes any.
        effort: whether it takes the wish for more or less thinking.
        efforts: how much thinking Chat Completions can be asked for; a wish for another amount is one for the nearest.
        no_thinking: what asks Chat Completions for no thinking at all, where that is none of the efforts.
        reasoning_field: where Chat Completions wants a model's own reasoning back: nowhere, with answers that called
            tools, or as parts of its content.
        cache_key: whether Chat Completions takes the name of the conversation as `prompt_cache_key`.
        cache_diagnosis: whether it can be asked why its prompt cache was not read.
        lists_freely: whether it lists its models without a key.
        start_hint: how to start it, where it is a program on the user's own machine.
        extra_body: sent as it is with each request.
        headers: sent as they are with each request.
    """

    provider: str
    base_url: str = ""
    api: Api = "chat"
    key_variables: tuple[str, ...] = ()
    needs_key: bool = False
    key_hint: str = ""
    output_limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    media_types: tuple[str, ...] = ()
    json_schema: bool = True
    tools: bool = True
    stream_usage: bool = True
    stream_schema: bool = True
    signatures: Literal["provider", "model"] = "model"
    tool_id: str = ""
    effort: bool = True
    efforts: tuple[Effort, ...] = EFFORTS
    no_thinking: Mapping[str, Any] = field(default_factory=dict)
    reasoning_field: ReasoningField = ""
    cache_key: bool = False
    cache_diagnosis: bool = False
    lists_freely: bool = False
    start_hint: str = ""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, with nothing secret in it; `notes` say what of the conversation is left out, and why."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    notes: tuple[str, ...] = ()


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

    async def count_tokens(self, request: Request) -> int | None:
        """Ask the provider how many tokens of input the request has; None if it has no answer to that.

        Raises:
            ProviderError: the provider failed.
        """
        ...

    async def charged(self, response_id: str) -> Usage | None:
        """Ask the provider what an answer that broke off has used and cost; None if that can't be told."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Caching(Protocol):
    """A provider with a prompt cache that can be planned for: one that is a server."""

    @property
    def capabilities(self) -> Capabilities:
        """What the service accepts and reports."""
        ...


async def complete(provider: Provider, request: Request) -> Done:
    """`stream`, drained to its `Done`."""
    from agentctl.events import Done  # noqa: PLC0415

    async with aclosing(provider.stream(request)) as events:
        async for event in events:
            if isinstance(event, Done):
                return event
    raise AssertionError("a provider's stream ends in Done or raises")
