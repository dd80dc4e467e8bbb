"""Answers that say nothing, and yet are whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from support import anthropic, completions, gemini, openrouter, responses
from support.events import collect
from support.program import Program
from support.server import Server, Step, answer

from agentctl.events import Done, Notice
from agentctl.messages import Message, user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Api, Capabilities, Request
from agentctl.providers.codec import Codec
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.providers.responses import Responses
from agentctl.settings.values import OpenRouterSettings
from agentctl.transport import Transport

Maker = Callable[[Capabilities], Codec]
EMPTY: Mapping[Api, tuple[Maker, Sequence[Step], Sequence[Step]]] = {
    "chat": (
        ChatCompletions,
        completions.completion(),
        answer(200, {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}),
    ),
    "openrouter": (
        lambda capabilities: RoutedCompletions(capabilities, OpenRouterSettings("", "")),
        openrouter.completion(),
        answer(200, {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}),
    ),
    "responses": (Responses, responses.answering(), answer(200, responses.response())),
    "messages": (
        Messages,
        anthropic.message(),
        answer(200, {"type": "message", "content": [], "stop_reason": "end_turn"}),
    ),
    "gemini": (GenerateContent, gemini.generation(), answer(200, gemini.response(finish="STOP"))),
}


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize("api", EMPTY)
def test_an_empty_answer_is_one(api: Api, *, whole: bool) -> None:
    """A server that said that it was finished has answered, if with nothing; another attempt would be paid for too."""
    codec, streamed, body = EMPTY[api]
    with Server(body if whole else streamed) as server:
        provider = HttpProvider(codec(Capabilities("p", server.url)), Transport())
        *_, notice, done = collect(provider, Request("m", (user("hi"),)))
        assert len(server.requests) == 1
    assert isinstance(done, Done)
    assert notice == Notice("p gave an empty answer")
    assert (done.message, done.stop_reason) == (Message("assistant", (), "p/m", "end_turn"), "end_turn")


@pytest.mark.parametrize("api", ["chat", "responses", "messages", "gemini"])
def test_the_command_line_shows_an_empty_answer(program: Program, api: Api) -> None:
    """As what it is, with what it cost, and the session goes on."""
    with Server(EMPTY[api][1]) as server:
        program.configure(f'[servers.mine]\nbase_url = "{server.url}/v1"\napi = "{api}"')
        done = program.run("chat", "-m", "mine/m", "-o", "json", "hi")
        assert (done.code, done.json["text"]) == (0, ""), done.err
        again = program.run("chat", "-m", "mine/m", "-c", "again")
        assert (again.code, again.out.strip()) == (0, ""), again.err
        assert "mine gave an empty answer" in again.err
