"""Conversations with llama.cpp's own server, which speaks the Messages API too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar

import pytest
from support.llama import NAME, llama_server

from agentctl.errors import ContextOverflowError
from agentctl.events import Start, TextDelta
from agentctl.messages import Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Capabilities, Effort, Request, complete
from agentctl.providers.driver import HttpProvider
from agentctl.transport import Transport

T = TypeVar("T")
TOOL = ToolSpec("capital", "The capital of a country.", {"type": "object", "properties": {}})


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    with llama_server() as url:
        yield url


def run(url: str, work: Callable[[HttpProvider], Awaitable[T]]) -> T:
    """What `work` makes of a provider at this address."""

    async def go() -> T:
        codec = Messages(Capabilities("llama", url, api="messages"))
        async with aclosing(HttpProvider(codec, Transport())) as provider:
            return await work(provider)

    return asyncio.run(go())


def ask(*messages: Message, most: int = 8, effort: Effort | None = None) -> Request:
    return Request(NAME, messages, max_output=most, temperature=0.0, effort=effort)


def test_several_turns(peer: str) -> None:
    """A conversation goes on over several turns; the tokens counted beforehand are those that are billed."""

    async def talk(provider: HttpProvider) -> list[Message]:
        messages = [Message("system", (Text("You are brief."),))]
        for question in ("What is the capital of France?", "And of Italy?", "Thanks."):
            messages.append(user(question))
            request = ask(*messages)
            counted = await provider.count_tokens(request)
            done = await complete(provider, request)
            assert done.usage
            assert done.usage.input == counted
            assert 0 < done.usage.output <= 8
            messages.append(done.message)
        return messages

    answers = [message for message in run(peer, talk) if message.role == "assistant"]
    assert all(message.text for message in answers)
    assert {message.model for message in answers} == {f"llama/{NAME}"}


def test_what_is_cached_is_told(peer: str) -> None:
    """The tokens of a prompt that the server still knew are no new ones."""

    async def twice(provider: HttpProvider) -> tuple[int, int]:
        request = ask(user("Tell me of the sea, the sky and the mountains, please."))
        usages = [(await complete(provider, request)).usage for _ in range(2)]
        assert usages[1]
        return usages[1].cache_read, usages[1].input

    read, total = run(peer, twice)
    assert 0 < read <= total


@pytest.mark.parametrize("effort", [None, "none", "high"])
def test_a_history_with_thoughts_and_calls_is_taken(peer: str, effort: Effort | None) -> None:
    """Calls, their results, errors and thoughts of an earlier turn are what the server takes, whatever the effort."""
    history = (
        user("What is the capital of France?"),
        Message("assistant", (Thinking("Ask.", "s", "llama"), ToolCall("c1", "capital", "{")), f"llama/{NAME}"),
        Message("tool", (ToolResult("c1", "no JSON", is_error=True),)),
        Message("assistant", (ToolCall("c2", "capital", '{"of": "France"}'),), f"llama/{NAME}"),
        Message("tool", (ToolResult("c2", "Paris"),)),
    )

    async def go_on(provider: HttpProvider) -> str:
        request = Request(NAME, history, max_output=8, tools=(TOOL,), effort=effort)
        return (await complete(provider, request)).message.text

    assert run(peer, go_on)


def test_whoever_leaves_early_stops_the_server(peer: str) -> None:
    """A stream that is closed leaves the server free for the next request."""

    async def leave(provider: HttpProvider) -> str:
        async with aclosing(provider.stream(ask(user("Count to a thousand."), most=1500))) as events:
            told = [await anext(events) for _ in range(5)]
        assert isinstance(told[1], Start)
        assert any(isinstance(event, TextDelta) for event in told)
        async with asyncio.timeout(15):
            return (await complete(provider, ask(user("Hi.")))).message.text

    assert run(peer, leave)


def test_a_conversation_that_is_too_long(peer: str) -> None:
    """What does not fit the model's window is told as that, though not in Anthropic's words."""

    async def overflow(provider: HttpProvider) -> None:
        await complete(provider, ask(user("word " * 4000)))

    with pytest.raises(ContextOverflowError, match="exceeds the available context size"):
        run(peer, overflow)
