"""The whole way over HTTP: what is tried again, and what of an answer that failed is kept and billed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from support.events import collect, failure
from support.responses import USAGE, answering, created, ended, events, opening, response
from support.server import Drop, Server, Step, answer, sse, stream

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.events import Done, Retry, Start, TextDelta
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.responses import Responses
from agentctl.providers.retries import Retries
from agentctl.transport import Timeouts, Transport

ASK = Request("m", (user("hi"),))
KEY = Credential(lambda: "k-1", expected=True)


def service(url: str) -> HttpProvider:
    """The provider `p` at this address."""
    codec = Responses(Capabilities("p", f"{url}/v1", key_hint="set a key"))
    return HttpProvider(codec, Transport(Timeouts(header=20, idle=20)), KEY, Retries(first=0.01))


def problem(status: int, code: str, message: str = "no") -> list[Step]:
    """A refusal as OpenAI words it."""
    return answer(status, {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}})


def test_a_streamed_answer() -> None:
    """A request goes out once, with its key, and its answer comes as events that end in the whole message."""
    with Server(answering("Hel", "lo")) as server:
        told = collect(service(server.url), ASK)
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.headers["authorization"] == "Bearer k-1"
    assert request.json["store"] is False
    assert told[:3] == [Start("m", "resp_1"), TextDelta("Hel"), TextDelta("lo")]
    done = told[-1]
    assert isinstance(done, Done)
    assert done.message == Message("assistant", (Text("Hello"),), "p/m", "end_turn")
    assert done.usage
    assert done.usage.raw == USAGE


def test_an_answer_that_is_not_streamed() -> None:
    """A server that ignores `stream` is understood."""
    with Server(answer(200, events("Hello")[-1]["response"])) as server:
        done = collect(service(server.url), ASK)[-1]
    assert isinstance(done, Done)
    assert done.message.text == "Hello"


def test_counting() -> None:
    """The number of input tokens is the server's."""

    async def run(provider: HttpProvider) -> int | None:
        async with aclosing(provider):
            return await provider.count_tokens(ASK)

    with Server(answer(200, {"object": "response.input_tokens", "input_tokens": 11})) as server:
        assert asyncio.run(run(service(server.url))) == 11
    assert server.requests[0].path == "/v1/responses/input_tokens"


@pytest.mark.parametrize(
    "last",
    [
        ended(status="failed", error={"code": "server_error", "message": "overloaded"}),
        {
            "type": "error",
            "error": {"code": "rate_limit_exceeded", "message": "overloaded"},
            "response": response(status="failed"),
        },
    ],
)
def test_what_the_server_gives_up_at_once_is_tried_again(last: dict[str, Any]) -> None:
    """A response that fails before a word of it came is asked for again, and what it has used is told."""
    with Server(stream(*sse(created(), last)), answering("Hello")) as server:
        told = collect(service(server.url), ASK)
    retry = next(event for event in told if isinstance(event, Retry))
    assert (retry.reason, retry.response_id) == ("p broke off: overloaded", "resp_1")
    assert (retry.usage is not None) == (last["type"] == "response.failed")
    done = told[-1]
    assert isinstance(done, Done)
    assert done.message.text == "Hello"
    assert len(server.requests) == 2


def test_what_fails_after_the_first_words_is_not() -> None:
    """Once there is something of an answer, another would be a second one; the error carries the first."""
    last = ended(status="failed", error={"code": "server_error", "message": "died"})
    with Server(stream(*sse(*events("half")[:3], last))) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert (error.message, error.billable, error.response_id) == ("p broke off: died", True, "resp_1")
    assert error.partial == Message("assistant", (Text("half"),), "p/m", "error")
    assert error.usage
    assert (error.usage.input, error.usage.output) == (9, 3)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", ["invalid_prompt", "bio_policy", "content_filter"])
def test_what_the_server_will_not_answer(code: str) -> None:
    """A response that fails over what was asked for is not asked for again, and the hint says what may help."""
    last = ended(status="failed", error={"code": code, "message": "This is against our policy."})
    with Server(stream(*sse(created(), last))) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert error.message == "p broke off: This is against our policy."
    assert error.hint == "say it in other words, or use another model"
    assert len(server.requests) == 1


@pytest.mark.parametrize("words", [(), ("half",)])
@pytest.mark.parametrize("reset", [True, False])
def test_a_connection_that_breaks(words: tuple[str, ...], *, reset: bool) -> None:
    """An answer that breaks off may be billed, so it is not asked for again, and what came of it is kept."""
    with Server(opening(*words, then=[Drop(reset=reset)])) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert error.billable
    assert error.response_id == "resp_1"
    assert (error.partial.text if error.partial else "") == "".join(words)
    assert error.usage is None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "first",
    [
        answer(429, {"error": {"code": "rate_limit_exceeded"}}, {"Retry-After-Ms": "5"}),
        answer(429, {"error": {"code": "rate_limit_exceeded"}}, {"Retry-After": "0"}),
        answer(500, b""),
        answer(503, {"error": {"message": "The engine is currently overloaded", "code": None}}),
    ],
)
def test_refusals_that_pass(first: list[Step]) -> None:
    """What the server was too busy for is asked again, and costs nothing."""
    with Server(first, answering("Hello")) as server:
        told = collect(service(server.url), ASK)
    retry = told[0]
    assert isinstance(retry, Retry)
    assert (retry.attempt, retry.usage) == (1, None)
    assert len(server.requests) == 2


def test_reasoning_that_the_server_cannot_read() -> None:
    """Reasoning is encrypted for one organization; with a key of another the session can't go on as it is."""
    with Server(problem(400, "invalid_encrypted_content", "The encrypted content could not be verified.")) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert error.hint
    assert "another key" in error.hint


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_this_api(status: int) -> None:
    """The hint tells how to ask a server that has no such path."""
    with Server(answer(status, {"detail": "Not Found"})) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert error.hint
    assert "config set servers.p.api chat" in error.hint


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (problem(400, "context_length_exceeded"), ContextOverflowError),
        (problem(401, "invalid_api_key"), AuthError),
        (problem(404, "model_not_found"), ProviderError),
        (problem(429, "insufficient_quota"), ProviderError),
    ],
)
def test_refusals_that_stand(refused: list[Step], kind: type[ProviderError]) -> None:
    """What will be refused again is not sent again."""
    with Server(refused) as server:
        error = failure(service(server.url), ASK, kind)
    assert error.hint
    assert not error.billable
    assert len(server.requests) == 1
