"""The whole way to Anthropic over HTTP, against a server that fails in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.anthropic import USAGE, error, events, message, opened, opening, start, text, thinking, tool_use
from support.events import collect, drain, failure
from support.server import Drop, Send, Server, Stall, Step, answer, chunk, sse, stream

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.events import Done, Notice, Retry, Start, StreamEvent, TextDelta, ThinkingDelta
from agentctl.messages import Message, Text, Thinking, ToolCall, ToolResult, user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Request, complete
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.known import KNOWN
from agentctl.providers.retries import Retries
from agentctl.transport import SilenceError, Timeouts, Transport

MODEL = "claude-sonnet-5-5"
ASK = Request(MODEL, (user("hi"),))
KEY = Credential(lambda: "sk-ant-api03-key", expected=True)
NOW = {"Retry-After": "0"}
BUSY = error("overloaded_error", "Overloaded")


def service(url: str, credential: Credential | None = None, wait: float = 20.0) -> HttpProvider:
    codec = Messages(replace(KNOWN["anthropic"], base_url=url))
    return HttpProvider(codec, Transport(Timeouts(header=wait, idle=wait)), credential, Retries(first=0.01))


def finished(told: Sequence[StreamEvent]) -> Done:
    done = told[-1]
    assert isinstance(done, Done)
    return done


def test_a_streamed_answer() -> None:
    """A request goes out with its key and version, and its answer comes as events that end in the whole message."""
    with Server(message(thinking("hm"), text("Hel", "lo"), model=MODEL)) as server:
        told = collect(service(server.url, KEY), ASK)
    sent = server.requests[0]
    assert (sent.method, sent.path) == ("POST", "/v1/messages")
    assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == ("sk-ant-api03-key", "2023-06-01")
    assert "authorization" not in sent.headers
    assert told[0] == Start(MODEL, "msg_1")
    assert [event for event in told if isinstance(event, ThinkingDelta)] == [
        ThinkingDelta("hm"),
        ThinkingDelta("", "c2ln"),
    ]
    assert [event.text for event in told if isinstance(event, TextDelta)] == ["Hel", "lo"]
    parts = (Thinking("hm", "c2ln", "anthropic"), Text("Hello"))
    assert finished(told).message == Message("assistant", parts, f"anthropic/{MODEL}", "end_turn")


@pytest.mark.parametrize("path", ["", "/v1"])
def test_the_base_url_may_end_in_its_version(path: str) -> None:
    """A base URL means the same with the version at its end and without."""
    with Server(message(text("x"))) as server:
        collect(service(server.url + path), ASK)
    assert server.requests[0].path == "/v1/messages"


def test_an_answer_that_is_not_streamed() -> None:
    """One JSON object instead of a stream is understood too."""
    whole = {"type": "message", "id": "m", "model": MODEL, "content": [{"type": "text", "text": "Hello"}]}
    with Server(answer(200, {**whole, "stop_reason": "end_turn", "usage": USAGE})) as server:
        done = finished(collect(service(server.url), ASK))
    assert done.usage
    assert (done.message.text, done.usage.output) == ("Hello", 3)


def test_counting() -> None:
    """The number of tokens is asked for at its own address, and sends nothing that would be billed."""
    with Server(answer(200, {"input_tokens": 2095})) as server:

        async def run() -> int | None:
            async with aclosing(service(server.url, KEY)) as provider:
                return await provider.count_tokens(ASK)

        assert asyncio.run(run()) == 2095
    assert server.requests[0].path == "/v1/messages/count_tokens"
    assert not server.requests[0].json.keys() & {"stream", "max_tokens"}


def test_a_tool_round() -> None:
    """What was thought and called goes back with the result, just as it came."""
    first = message(thinking("a", signature="s1"), tool_use("toolu_1", "f", '{"x"', ": 1}"), reason="tool_use")
    with Server(first, message(text("done"))) as server:

        async def run() -> Done:
            async with aclosing(service(server.url)) as provider:
                done = await complete(provider, ASK)
                result = Message("tool", (ToolResult("toolu_1", "r"),))
                return await complete(provider, replace(ASK, messages=(*ASK.messages, done.message, result)))

        assert asyncio.run(run()).message.text == "done"
    assert server.requests[1].json["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "a", "signature": "s1"},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "r"}]},
    ]


def test_a_turn_after_another_provider() -> None:
    """What others thought stays with them, and that is said; their calls go along."""
    other = Message("assistant", (Thinking("x", "y", "openai"), ToolCall("call|1", "f", "{}")), "openai/gpt-5")
    conversation = (*ASK.messages, other, Message("tool", (ToolResult("call|1", "r"),)))
    with Server(message(text("done"))) as server:
        told = collect(service(server.url), replace(ASK, messages=conversation))
    assert isinstance(told[0], Notice)
    assert "another model's reasoning" in told[0].text
    _, asked, result = server.requests[0].json["messages"]
    assert [block["type"] for block in asked["content"]] == ["tool_use"]
    assert result["content"][0]["tool_use_id"] == asked["content"][0]["id"]


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


REFUSALS: dict[str, tuple[Sequence[Step], type[ProviderError], int]] = {
    "bad key": (answer(401, error("authentication_error", "invalid x-api-key")), AuthError, 1),
    "forbidden": (answer(403, error("permission_error", "no")), AuthError, 1),
    "unknown model": (answer(404, error("not_found_error", "model: x")), ProviderError, 1),
    "no credit": (answer(400, error("invalid_request_error", "Your credit balance is too low")), ProviderError, 1),
    "too long": (answer(400, error("invalid_request_error", "prompt is too long: 2 > 1")), ContextOverflowError, 1),
    "too large": (answer(413, error("request_too_large", "x")), ContextOverflowError, 1),
    "slow down": (answer(429, error("rate_limit_error", "slow"), NOW), ProviderError, 3),
    "slow down, in ms": (answer(429, error("rate_limit_error", "slow"), {"retry-after-ms": "1"}), ProviderError, 3),
    "slow down, undated": (answer(429, error("rate_limit_error", "slow")), ProviderError, 3),
    "slow down, for long": (answer(429, error("rate_limit_error", "s"), {"Retry-After": "600"}), ProviderError, 1),
    "spent": (
        answer(429, error("rate_limit_error", "s", details={"error_code": "contract_spend_limit_reached"}), NOW),
        ProviderError,
        1,
    ),
    "do not ask again": (answer(529, BUSY, {"x-should-retry": "false"}), ProviderError, 1),
    "oops": (answer(500, error("api_error", "oops"), NOW), ProviderError, 3),
    "late": (answer(504, error("timeout_error", "late"), NOW), ProviderError, 3),
    "overloaded": (answer(529, BUSY, NOW), ProviderError, 3),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    """What can pass is tried again and nothing else, nothing is billed, and the request is named."""
    script, kind, requests = REFUSALS[name]
    with Server(script) as server:
        failed = failure(service(server.url), ASK, kind)
        assert len(server.requests) == requests
    assert failed.message.endswith("(req_1)")
    assert (failed.partial, failed.usage, failed.billable) == (None, None, False)


def test_the_limit_that_is_used_up_says_how_long_to_wait() -> None:
    """Without a time to wait in the refusal, the headers of the limits tell it."""
    headers = {
        "anthropic-ratelimit-requests-remaining": "7",
        "anthropic-ratelimit-requests-reset": soon(1),
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": soon(600),
    }
    with Server(answer(429, error("rate_limit_error", "slow"), headers)) as server:
        failed = failure(service(server.url), ASK, ProviderError)
        assert len(server.requests) == 1
    assert failed.retry_after
    assert 590 < failed.retry_after <= 600
    assert "input tokens" in (failed.hint or "")


def broken(*events_: dict[str, Any]) -> list[Step]:
    """A stream that ends after these events."""
    return stream(*sse(*events_))


def test_an_overload_before_a_word_is_tried_again() -> None:
    """An answer that the server gives up before a word of it is begun anew; what it had counted is told with it."""
    with Server(broken(start(), BUSY), message(text("Hello"))) as server:
        told = collect(service(server.url), ASK)
        assert len(server.requests) == 2
    (retry,) = (event for event in told if isinstance(event, Retry))
    assert (retry.attempt, retry.reason) == (1, "anthropic broke off: Overloaded (req_1)")
    assert retry.response_id == "msg_1"
    assert retry.usage
    assert (retry.usage.input, retry.usage.output) == (9, 1)
    assert finished(told).message.text == "Hello"


def test_an_error_instead_of_an_answer_is_tried_again() -> None:
    """Where nothing was counted, nothing is billed."""
    with Server(broken(BUSY), message(text("Hello"))) as server:
        told = collect(service(server.url), ASK)
    (retry,) = (event for event in told if isinstance(event, Retry))
    assert (retry.usage, retry.response_id) == (None, None)


CUTS: dict[str, tuple[Sequence[Step], type[ProviderError], str]] = {
    "a stall": ([Stall()], SilenceError, "went silent for 0.3 s"),
    "a cut": ([Drop()], ProviderError, "incomplete chunked read"),
    "a reset": ([Drop(reset=True)], ProviderError, "Connection reset"),
    "an early end": ([Send(chunk(b""))], ProviderError, "anthropic ended its answer early"),
    "an overload": ([Send(chunk(sse(BUSY)[0]))], ProviderError, "anthropic broke off: Overloaded"),
    "nonsense": ([Send(chunk(b"data: {\n\n"))], ProviderError, "malformed answer: JSON"),
}


@pytest.mark.parametrize("name", CUTS)
def test_failures_in_the_middle(name: str) -> None:
    """What had arrived is told and carried by the error, with what it had used; the request is not sent again."""
    then, kind, words = CUTS[name]
    told: list[StreamEvent] = []
    with Server(opening(thinking("hm"), text("Hel", "lo"), then=then)) as server:
        with pytest.raises(kind, match=words) as caught:
            asyncio.run(drain(service(server.url, wait=0.3), ASK, told))
        assert len(server.requests) == 1
    failed = caught.value
    parts = (Thinking("hm", "c2ln", "anthropic"), Text("Hello"))
    assert failed.partial == Message("assistant", parts, f"anthropic/{MODEL}", "error")
    assert failed.usage
    assert (failed.usage.input, failed.usage.output, failed.billable) == (9, 1, True)
    assert failed.response_id == "msg_1"


def test_a_whole_answer_does_not_wait_for_its_end() -> None:
    """After the reason to stop, whatever becomes of the connection, the answer is whole and its usage the last."""
    *begun, _ = events(text("Hello"))
    for then in (Drop(), Drop(reset=True), Send(chunk(b"")), Send(chunk(sse(BUSY)[0]))):
        with Server([*stream(*sse(*begun), end=False), then]) as server:
            done = finished(collect(service(server.url), ASK))
        assert done.usage
        assert (done.message.text, done.usage.output) == ("Hello", 3)


def test_pings_are_no_answer() -> None:
    """Pings before and among the blocks tell nothing and break nothing."""
    ping = {"type": "ping"}
    script = [start(), ping, *opened(0, text("a")), ping, *events(text("b"))[3:]]
    with Server(stream(*sse(*script))) as server:
        assert finished(collect(service(server.url), ASK)).message.text == "ab"


def test_the_key_is_nowhere() -> None:
    """Neither a preview nor an error shows the key, also one that the server repeats."""
    with Server(answer(401, error("authentication_error", "bad key sk-ant-api03-abcdefghijklmnop"))) as server:
        failed = failure(service(server.url, KEY), ASK, AuthError)
        preview = service(server.url, KEY).preview(ASK)
    assert "abcdefghijklmnop" not in failed.message
    assert preview.headers["x-api-key"] == "[redacted]"
    assert "sk-ant" not in repr(preview)
