"""The whole way to Gemini over HTTP, against a server that fails in every way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from support.events import collect, drain, failure
from support.gemini import USAGE, call, generation, opening, response, responses, text
from support.server import Drop, Send, Server, Stall, Step, answer, chunk, sse, stream

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.events import Done, Notice, Retry, Start, StreamEvent, TextDelta
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Request, complete
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.providers.retries import Retries
from agentctl.transport import SilenceError, Timeouts, Transport

MODEL = "gemini-3.8-flash"
ASK = Request(MODEL, (user("hi"),))


def service(url: str, wait: float = 20.0) -> HttpProvider:
    codec = GenerateContent(replace(KNOWN["google"], base_url=url))
    return HttpProvider(codec, Transport(Timeouts(header=wait, idle=wait)), None, Retries(first=0.01))


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def retry_info(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


DAILY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}
BUSY = error(503, "UNAVAILABLE", "overloaded")


def test_a_streamed_answer() -> None:
    """An answer comes as events that end in the whole message with its usage."""
    with Server(generation(text("Hel"), text("lo"))) as server:
        told = collect(service(server.url), ASK)
    assert told[0] == Start(MODEL, "r-1")
    assert [event.text for event in told if isinstance(event, TextDelta)] == ["Hel", "lo"]
    done = told[-1]
    assert isinstance(done, Done)
    assert done.message == Message("assistant", (Text("Hello"),), f"google/{MODEL}", "end_turn")
    assert done.usage
    assert (done.usage.input, done.usage.output, done.usage.raw) == (9, 3, USAGE)


def test_a_server_that_ignores_the_wish_for_a_stream() -> None:
    """All responses in one array, or one response, are understood too."""
    for body in (json.dumps(responses(text("Hel"), text("lo"))), response(text("Hello"), finish="STOP")):
        with Server(answer(200, body, {"Content-Type": "application/json"})) as server:
            done = collect(service(server.url), ASK)[-1]
        assert isinstance(done, Done)
        assert done.message.text == "Hello"


SLOW = error(429, "RESOURCE_EXHAUSTED", "slow", retry_info("0.02s"))


@pytest.mark.parametrize("body", [SLOW, [SLOW]])
def test_a_wait_that_the_body_asks_for(body: object) -> None:
    """Google says in the error's details how long to wait, in an array too, and so long is waited."""
    with Server(answer(429, json.dumps(body)), generation(text("Hello"))) as server:
        first, *told = collect(service(server.url), ASK)
    assert first == Retry(1, 0.02, "google answered 429 Too Many Requests: slow")
    assert isinstance(told[-1], Done)


@pytest.mark.parametrize(
    ("script", "kind", "hint", "requests"),
    [
        (answer(429, error(429, "RESOURCE_EXHAUSTED", "x", DAILY, retry_info("0s"))), ProviderError, "of the day", 1),
        (answer(429, error(429, "RESOURCE_EXHAUSTED", "x", retry_info("3600s"))), ProviderError, "in 3600 s", 1),
        (answer(400, error(400, "INVALID_ARGUMENT", "API key not valid.")), AuthError, "keys set google", 1),
        (
            answer(
                400, error(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens")
            ),
            ContextOverflowError,
            "new session",
            1,
        ),
        (answer(503, BUSY), ProviderError, "later", 3),
        (answer(500, error(500, "INTERNAL", "x")), ProviderError, "later", 3),
        (stream(*sse(BUSY)), ProviderError, "later", 3),
        (answer(200, BUSY), ProviderError, "later", 3),
    ],
)
def test_refusals(script: Sequence[Step], kind: type[ProviderError], hint: str, requests: int) -> None:
    """A refusal is tried again only where that may help; nothing is billed for it."""
    with Server(script) as server:
        found = failure(service(server.url), ASK, kind)
        assert len(server.requests) == requests
    assert hint in (found.hint or "")
    assert (found.partial, found.usage, found.billable) == (None, None, False)


def test_a_failure_of_the_model_is_tried_again_and_paid_for() -> None:
    """A tool call that the model got wrong, before a word was told, is asked for once more; both are on the bill."""
    wrong = stream(*sse(response(finish="MALFORMED_FUNCTION_CALL", usage=USAGE)))
    with Server(wrong, generation(call("f", id_="c"))) as server:
        told = collect(service(server.url), ASK)
        assert len(server.requests) == 2
    retry = next(event for event in told if isinstance(event, Retry))
    assert "MALFORMED_FUNCTION_CALL" in retry.reason
    assert retry.response_id == "r-1"
    assert retry.usage
    assert (retry.usage.input, retry.usage.output) == (9, 3)
    done = told[-1]
    assert isinstance(done, Done)
    assert done.stop_reason == "tool_use"


def test_a_failure_of_the_model_after_words() -> None:
    """After words were told there is no second answer: they are kept, with what they cost."""
    with Server(stream(*sse(response(text("half")), response(finish="OTHER", usage=USAGE)))) as server:
        found = failure(service(server.url), ASK, ProviderError)
        assert len(server.requests) == 1
    assert found.partial == Message("assistant", (Text("half"),), f"google/{MODEL}", "error")
    assert found.usage
    assert (found.usage.output, found.billable, found.response_id) == (3, True, "r-1")


def test_a_blocked_prompt() -> None:
    """A prompt that is blocked is answered, by a refusal that says why; it is not asked again."""
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}, "responseId": "r"}
    with Server(stream(*sse(blocked))) as server:
        told = collect(service(server.url), ASK)
        assert len(server.requests) == 1
    assert Notice("google does not answer this: SAFETY") in told
    done = told[-1]
    assert isinstance(done, Done)
    assert done.usage
    assert (done.stop_reason, done.usage.input) == ("refusal", 9)


CUTS: dict[str, tuple[Sequence[Step], type[ProviderError], str]] = {
    "a stall": ([Stall()], SilenceError, "went silent for 0.3 s"),
    "a cut": ([Drop()], ProviderError, "incomplete chunked read"),
    "a reset": ([Drop(reset=True)], ProviderError, "Connection reset"),
    "an early end": ([Send(chunk(b""))], ProviderError, "google ended its answer early"),
    "an error": ([Send(chunk(sse(BUSY)[0])), Send(chunk(b""))], ProviderError, "google broke off: overloaded"),
    "nonsense": ([Send(chunk(b"data: {\n\n")), Send(chunk(b""))], ProviderError, "malformed answer"),
}


@pytest.mark.parametrize("name", CUTS)
def test_failures_in_the_middle(name: str) -> None:
    """What had arrived is carried by the error, with the usage told last; the request is never sent again."""
    then, kind, message = CUTS[name]
    told: list[StreamEvent] = []
    with Server(opening(text("Hel"), text("lo"), then=then)) as server:
        with pytest.raises(kind, match=message) as caught:
            asyncio.run(drain(service(server.url, wait=0.3), ASK, told))
        assert len(server.requests) == 1
    found = caught.value
    assert found.hint
    assert found.partial == Message("assistant", (Text("Hello"),), f"google/{MODEL}", "error")
    assert found.usage
    assert (found.usage.input, found.usage.output, found.billable, found.response_id) == (9, 3, True, "r-1")


def test_connections_are_used_again() -> None:
    """The next turn needs no new connection."""
    with Server(generation(text("Hello"))) as server:

        async def run() -> None:
            async with aclosing(service(server.url)) as provider:
                for _ in range(3):
                    await complete(provider, ASK)

        asyncio.run(run())
    assert (len(server.requests), server.connections) == (3, 1)
