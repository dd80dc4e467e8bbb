"""Servers that answer in another API than the one that they were asked in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import pytest
from support import anthropic, completions, gemini, openrouter, responses
from support.events import failure
from support.server import Server, Step, answer

from agentctl.errors import ProviderError
from agentctl.events import Done
from agentctl.messages import user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Api, Capabilities, Request
from agentctl.providers.codec import Codec
from agentctl.providers.dialect import dialect
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.providers.responses import Responses
from agentctl.providers.retries import Retries
from agentctl.settings.values import OpenRouterSettings
from agentctl.transport import Transport

CODECS: dict[Api, Callable[[Capabilities], Codec]] = {
    "chat": ChatCompletions,
    "responses": Responses,
    "messages": Messages,
    "gemini": GenerateContent,
    "openrouter": lambda capabilities: RoutedCompletions(capabilities, OpenRouterSettings("https://example.com", "t")),
}
NAMES: dict[Api, str] = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "messages": "Messages",
    "gemini": "Gemini",
}
STREAMS: dict[str, tuple[Api, Sequence[Step]]] = {
    "chat": ("chat", completions.completion("hi")),
    "openrouter": ("chat", openrouter.completion("hi")),
    "responses": ("responses", responses.answering("hi")),
    "messages": ("messages", anthropic.message(anthropic.text("hi"))),
    "gemini": ("gemini", gemini.generation(gemini.text("hi"))),
}
BODIES: dict[Api, dict[str, Any]] = {
    "chat": {"id": "c", "object": "chat.completion", "choices": [{"message": {"content": "hi"}}]},
    "responses": responses.response(responses.message("hi")),
    "messages": {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]},
    "gemini": gemini.response(gemini.text("hi"), finish="STOP"),
}


def ask(api: Api, script: Sequence[Step]) -> ProviderError:
    """How a question in one API fails at a server that answers so."""
    with Server(script) as server:
        capabilities = Capabilities("mine", server.url, api=api)
        provider = HttpProvider(CODECS[api](capabilities), Transport(), retries=Retries(first=0.01))
        error = failure(provider, Request("m", (user("hi"),)), ProviderError)
        assert len(server.requests) == 1  # another attempt would cost the same again
    return error


@pytest.mark.parametrize("asked", get_args(Api))
@pytest.mark.parametrize("stream", STREAMS)
def test_an_answer_in_another_api_says_how_to_ask_for_it(asked: Api, stream: str) -> None:
    """Whoever asks in one API and is answered in another learns which, and what to configure."""
    answered, script = STREAMS[stream]
    own = "chat" if asked == "openrouter" else asked
    if answered == own:
        return
    error = ask(asked, script)
    assert error.message == f"mine answered in {NAMES[answered]}, but was asked in {NAMES[own]}"
    assert error.hint == f"`agentctl config set servers.mine.api {answered}`"
    assert error.billable


@pytest.mark.parametrize("asked", CODECS)
@pytest.mark.parametrize("answered", BODIES)
def test_a_whole_answer_in_another_api_is_told_apart_too(asked: Api, answered: Api) -> None:
    """The same where the server does not stream."""
    if answered == ("chat" if asked == "openrouter" else asked):
        return
    error = ask(asked, answer(200, BODIES[answered]))
    assert error.hint == f"`agentctl config set servers.mine.api {answered}`"


@pytest.mark.parametrize("api", ["chat", "openrouter", "gemini", "responses"])
def test_an_end_without_a_beginning_is_no_answer(api: Api) -> None:
    """`[DONE]` alone, or after what nobody knows, is no empty answer."""
    decoder = CODECS[api](Capabilities("mine")).decoder(Request("m", ()))

    def decode() -> Done:
        for data in ('{"event": "new"}', "[DONE]"):
            decoder.feed(data)
        return decoder.end()

    with pytest.raises(ProviderError, match="mine ended its answer early"):
        decode()


@pytest.mark.parametrize(
    "event", [{}, {"type": "ping"}, {"type": ["x"], "object": 5}, {"type": "error"}, {"type": "message"}, {"id": "1"}]
)
def test_what_any_api_may_say_is_of_none(event: dict[str, Any]) -> None:
    """Only what is surely of one API is taken for it."""
    assert dialect(event) is None
