"""The whole way over HTTP, against a server that answers and fails in every way."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from support.completions import USAGE, completion, event, events, opening
from support.events import collect, drain, failure
from support.server import Drop, Pause, Send, Server, Stall, Step, answer, chunk, head, sse, stream

from agentctl.errors import AuthError, ContextOverflowError, ProviderError, UsageError
from agentctl.events import Done, Notice, Retry, Sending, Start, StreamEvent, TextDelta
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Capabilities, Preview, Request, complete
from agentctl.providers.codec import Query
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.retries import Retries
from agentctl.transport import SilenceError, Timeouts, Transport

ASK = Request("m", (user("hi"),))
QUICK = Retries(first=0.01)
KEY = Credential(lambda: "k-1", expected=True)


def service(
    url: str, credential: Credential | None = None, retries: Retries = QUICK, wait: float = 20.0
) -> HttpProvider:
    """The provider `p` at this address."""
    codec = ChatCompletions(Capabilities("p", f"{url}/v1", key_hint="set a key"))
    return HttpProvider(codec, Transport(Timeouts(header=wait, idle=wait)), credential, retries)


async def complete_and_close(provider: HttpProvider) -> Done:
    async with aclosing(provider):
        return await complete(provider, ASK)


async def fail(provider: HttpProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await complete_and_close(provider)
    return caught.value


def test_a_streamed_answer() -> None:
    """A request goes out once, with its key, and its answer comes as events that end in the whole message."""
    with Server(completion("Hel", "lo")) as server:
        told = collect(service(server.url, KEY), ASK)
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer k-1"
    assert request.headers["content-type"] == "application/json"
    assert request.json["messages"] == [{"role": "user", "content": "hi"}]
    assert told[:-1] == [Start("m", "chatcmpl-1"), TextDelta("Hel"), TextDelta("lo")]
    done = told[-1]
    assert isinstance(done, Done)
    assert done.message == Message("assistant", (Text("Hello"),), "p/m", "end_turn")
    assert done.usage
    assert (done.usage.input, done.usage.output, done.usage.raw) == (9, 3, USAGE)


def test_complete_is_stream_drained() -> None:
    """The one-call form gives the last event of the stream."""
    with Server(completion("Hello")) as server:
        done = asyncio.run(complete_and_close(service(server.url)))
    assert done.message.text == "Hello"


def test_events_come_as_they_are_sent() -> None:
    """The first piece of text is there while the server has not sent the second."""
    script = opening("one", then=[Stall(), *(Send(chunk(data)) for data in sse(*events("two")[1:], "[DONE]", ""))])
    with Server([*script, Send(chunk(b""))]) as server:

        async def run() -> list[StreamEvent]:
            provider = service(server.url)
            async with aclosing(provider), aclosing(provider.stream(ASK)) as told:
                early = [await anext(told), await anext(told), await anext(told)]
                server.release()
                return early + [item async for item in told]

        told = asyncio.run(run())
    assert told[2:4] == [TextDelta("one"), TextDelta("two")]


def test_connections_are_used_again() -> None:
    """The next turn needs no new connection, though an answer is told before its body has quite ended."""
    with Server(completion("Hello")) as server:

        async def run() -> None:
            async with aclosing(service(server.url)) as provider:
                for _ in range(3):
                    await complete(provider, ASK)

        asyncio.run(run())
    assert (len(server.requests), server.connections) == (3, 1)


def test_an_answer_ends_with_done_and_not_with_the_connection() -> None:
    """A server that says [DONE] and then neither ends the body nor closes does not keep anyone waiting."""
    script = stream(*sse(*events("Hello"), "[DONE]"), end=False)
    with Server([*script, Stall()]) as server:
        assert isinstance(collect(service(server.url), ASK)[-1], Done)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_a_server_that_ignores_stream(kind: str) -> None:
    """One JSON object instead of a stream is understood too."""
    whole = {"id": "1", "model": "m", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    with Server(answer(200, {**whole, "usage": USAGE}, {"Content-Type": kind})) as server:
        told = collect(service(server.url), ASK)
    assert told[:2] == [Start("m", "1"), TextDelta("Hello")]
    assert isinstance(told[-1], Done)


def test_no_key_no_header() -> None:
    """Without a key no Authorization is sent, not even an empty one."""
    with Server(completion("Hello")) as server:
        collect(service(server.url, Credential(lambda: None, expected=False)), ASK)
    assert "authorization" not in server.requests[0].headers


def test_a_missing_key_sends_nothing() -> None:
    """When the key that a server needs can't be found, no request goes out."""

    def none() -> str:
        raise AuthError("there is no key")

    with Server(completion("Hello")) as server:
        failure(service(server.url, Credential(none, expected=True)), ASK, AuthError)
    assert server.requests == []


def test_a_request_that_cant_be_made_sends_nothing() -> None:
    """What the server can't do is refused before anything is sent."""
    provider = HttpProvider(ChatCompletions(Capabilities("p", "http://127.0.0.1:1", json_schema=False)), Transport())
    failure(provider, Request("m", (), schema={}), UsageError)


@pytest.mark.parametrize("credential", [None, KEY, Credential(lambda: pytest.fail("asked for"), expected=True)])
def test_the_preview_shows_no_key(credential: Credential | None) -> None:
    """A dry run shows the request as it would be sent, its key hidden, and asks for no key."""
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    if credential:
        headers["Authorization"] = "Bearer [redacted]"
    preview = service("http://host", credential).preview(ASK)
    assert isinstance(preview, Preview)
    assert (preview.method, preview.url, preview.headers) == ("POST", "http://host/v1/chat/completions", headers)
    assert preview.body["model"] == "m"


@dataclass(frozen=True)
class Refusal:
    """A failure before any answer: the script, the error it leads to, and how many requests were sent."""

    script: Sequence[Step]
    error: type[ProviderError]
    message: str
    requests: int = 1
    billable: bool = False


def problem(message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "t", "code": code}}


def bomb() -> bytes:
    """A few bytes that decompress, twice, to a hundred million."""
    return gzip.compress(gzip.compress(bytes(100_000_000), 1))


NOW = {"Retry-After": "0"}
REFUSALS = {
    "bad key": Refusal(answer(401, problem("bad key")), AuthError, "p answered 401 Unauthorized: bad key"),
    "forbidden": Refusal(answer(403, problem("no")), AuthError, "p answered 403 Forbidden: no"),
    "unknown model": Refusal(answer(404, problem("none")), ProviderError, "p answered 404 Not Found: none"),
    "no credit": Refusal(answer(402, problem("pay")), ProviderError, "p answered 402 Payment Required: pay"),
    "overflow": Refusal(
        answer(400, problem("long", "context_length_exceeded")),
        ContextOverflowError,
        "p answered 400 Bad Request: long",
    ),
    "quota": Refusal(answer(429, problem("x", "insufficient_quota"), NOW), ProviderError, "p answered 429 Too Many"),
    "busy": Refusal(answer(429, problem("slow"), NOW), ProviderError, "p answered 429 Too Many Requests: slow", 3),
    "busy for long": Refusal(answer(429, problem("slow"), {"Retry-After": "3600"}), ProviderError, "p answered 429"),
    "busy, but give up": Refusal(answer(429, b"", {"X-Should-Retry": "false"}), ProviderError, "p answered 429"),
    "bad, but go on": Refusal(answer(400, b"", {**NOW, "X-Should-Retry": "true"}), ProviderError, "p answered 400", 3),
    "500": Refusal(answer(500, problem("oops")), ProviderError, "p answered 500 Internal Server Error: oops", 3),
    "502 in HTML": Refusal(answer(502, b"<html>"), ProviderError, "p answered 502 Bad Gateway", 3),
    "529": Refusal(answer(529, problem("overloaded")), ProviderError, "p answered 529: overloaded", 3),
    "redirect": Refusal(answer(308, b"", {"Location": "/x"}), ProviderError, "p answered 308 Permanent Redirect"),
    "web page": Refusal(
        answer(200, b"<html>", {"Content-Type": "text/html"}), ProviderError, "p answered with a web page"
    ),
    "web page in capitals": Refusal(
        answer(200, b"<html>", {"CONTENT-TYPE": "Text/HTML; charset=UTF-8"}),
        ProviderError,
        "p answered with a web page",
    ),
    "XHTML": Refusal(
        answer(200, b"<html>", {"Content-Type": "application/xhtml+xml"}), ProviderError, "p answered with a web page"
    ),
    "web page as text": Refusal(
        answer(200, b"<!doctype html>\n\n", {"Content-Type": "text/plain"}), ProviderError, "p answered with a web page"
    ),
    "a list": Refusal(
        answer(200, b"[]", {"Content-Type": "Application/JSON"}), ProviderError, "malformed answer: a list"
    ),
    "another API": Refusal(answer(200, {"status": "ok"}), ProviderError, "p ended its answer early"),
    "an error that is called a success": Refusal(answer(200, problem("no")), ProviderError, "p broke off: no"),
    "bomb": Refusal(
        answer(200, bomb(), {"Content-Encoding": "gzip, gzip"}),
        ProviderError,
        "compressed its answer although asked not to: 'gzip, gzip'",
        billable=True,
    ),
    "bomb in an error": Refusal(
        answer(400, bomb(), {"Content-Encoding": "gzip, gzip"}), ProviderError, "p answered 400 Bad Request"
    ),
    "no answer": Refusal([Drop()], ProviderError, "broke: Server disconnected", billable=True),
    "reset": Refusal([Drop(reset=True)], ProviderError, "broke: Connection reset", billable=True),
    "no headers": Refusal([Stall()], SilenceError, "sent no answer for 0.3 s", billable=True),
    "endless error": Refusal(
        [Send(head(500, {"Transfer-Encoding": "chunked"}) + chunk(b"x" * 100_000)), Stall()],
        ProviderError,
        "p answered 500",
        3,
    ),
    "stalled error": Refusal(
        [Send(head(401, {"Content-Length": "9"}) + b"x"), Stall()], AuthError, "p answered 401 Unauthorized"
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_failures_before_an_answer(name: str) -> None:
    """Each failure is of its class, says what happened and what to do, and is tried again only where that may help."""
    expected = REFUSALS[name]
    with Server(expected.script) as server:
        error = failure(service(server.url, wait=0.3), ASK, expected.error)
        assert len(server.requests) == expected.requests
    assert expected.message in error.message
    assert error.hint
    assert (error.partial, error.usage, error.billable) == (None, None, expected.billable)


def test_a_refused_connection() -> None:
    """A server that does not run is tried three times; nothing was sent that could be billed."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        provider = service(f"http://127.0.0.1:{closed.getsockname()[1]}")
        told: list[StreamEvent] = []
        with pytest.raises(ProviderError, match="Connection refused") as caught:
            asyncio.run(drain(provider, ASK, told))
    assert [item.attempt for item in told if isinstance(item, Retry)] == [1, 2]
    assert not caught.value.billable


def test_success_after_retries() -> None:
    """Each retry is told with its reason and its delay; then the answer comes as if nothing had been."""
    scripts = [answer(429, problem("slow"), {"Retry-After": "0"}), answer(500, problem("oops")), completion("Hello")]
    with Server(*scripts) as server:
        first, second, *told = collect(service(server.url), ASK)
    assert first == Retry(1, 0, "p answered 429 Too Many Requests: slow")
    assert isinstance(second, Retry)
    assert (second.attempt, second.reason) == (2, "p answered 500 Internal Server Error: oops")
    assert 0.01 <= second.delay <= 0.02
    assert told[:2] == [Start("m", "chatcmpl-1"), TextDelta("Hello")]
    assert server.requests[0].body == server.requests[1].body == server.requests[2].body


def test_each_attempt_is_told_before_it_is_sent() -> None:
    """Whoever listens can still record that before the server hears of it, the second time as the first."""
    with Server(answer(429, problem("slow"), {"Retry-After": "0"}), completion("Hello")) as server:

        async def run() -> list[tuple[type[StreamEvent], int]]:
            async with aclosing(service(server.url)) as provider, aclosing(provider.stream(ASK)) as told:
                return [(type(event), len(server.requests)) async for event in told]

        seen = asyncio.run(run())
    assert seen[:4] == [(Sending, 0), (Retry, 1), (Sending, 1), (Start, 2)]


def test_a_long_wait_is_told() -> None:
    """Where the server wants a longer wait than is made unasked, the hint says how long."""
    with Server(answer(429, b"", {"Retry-After": "3600"})) as server:
        assert asyncio.run(fail(service(server.url))).hint == "try again in 3600 s"


def test_a_refusal_that_does_not_come_to_the_point() -> None:
    """An error whose body stalls is told by its status within a second or so, however patient the user is."""
    with Server([Send(head(401, {"Content-Length": "9"}) + b"x"), Stall()]) as server:
        error = asyncio.run(asyncio.wait_for(fail(service(server.url)), 10))
    assert error.message == "p answered 401 Unauthorized"


def test_no_connection_is_held_while_waiting() -> None:
    """Before the wait for the next attempt the refused one is closed."""
    endless: list[Step] = [Send(head(503, {**NOW, "Transfer-Encoding": "chunked"}) + chunk(b"x" * 100_000)), Stall()]
    with Server(endless) as server:

        async def run() -> None:
            async with aclosing(service(server.url)) as provider, aclosing(provider.stream(ASK)) as told:
                assert isinstance(await anext(told), Sending)
                assert isinstance(await anext(told), Retry)
                await asyncio.to_thread(server.requests[0].wait_gone)

        asyncio.run(run())


@pytest.mark.parametrize("pause", [0, 0.2])
def test_a_stale_connection_is_replaced(pause: float) -> None:
    """A kept connection that the server dropped after an answer does not cost the next turn, noticed early or late."""
    with Server([*completion("one"), Drop()], completion("two")) as server:

        async def run() -> str:
            async with aclosing(service(server.url)) as provider:
                await complete(provider, ASK)
                await asyncio.sleep(pause)  # the server's FIN is under way
                return (await complete(provider, ASK)).message.text

        assert asyncio.run(run()) == "two"


def broken(*texts: str, then: Sequence[Step]) -> list[Step]:
    """An answer that begins with these texts and its usage, and then goes wrong."""
    begun = [event({"content": text}, usage={"prompt_tokens": 9, "completion_tokens": 1}) for text in texts]
    return [*stream(*sse(*begun), end=False), *then]


def last(*data: bytes) -> list[Step]:
    return [*(Send(chunk(item)) for item in data), Send(chunk(b""))]


CUTS: dict[str, tuple[Sequence[Step], type[ProviderError], str]] = {
    "a stall": ([Stall()], SilenceError, "went silent for 0.3 s"),
    "a cut": ([Drop()], ProviderError, "incomplete chunked read"),
    "a reset": ([Drop(reset=True)], ProviderError, "Connection reset"),
    "a bad HTTP chunk": ([Send(b"zz\r\n")], ProviderError, "illegal chunk header"),
    "an early end": (last(), ProviderError, "p ended its answer early"),
    "an early end in an event": (last(b'data: {"choices": []}\n'), ProviderError, "p ended its answer early"),
    "an error chunk": (
        last(*sse({**event(finish="error"), "error": {"message": "upstream", "code": 502}})),
        ProviderError,
        "p broke off: upstream",
    ),
    "an overflow": (last(*sse(problem("long", "context_length_exceeded"))), ContextOverflowError, "p broke off: long"),
    "a finish_reason error": (last(*sse(event(finish="error"))), ProviderError, "p broke off"),
    "truncated JSON": (last(b'data: {"choices": [{"delta\n\n'), ProviderError, "malformed answer: JSON"),
    "no object": (last(*sse("[1]")), ProviderError, "malformed answer: a list"),
    "no UTF-8": (last(b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n'), ProviderError, "not UTF-8"),
}


@pytest.mark.parametrize("name", CUTS)
def test_failures_in_the_middle(name: str) -> None:
    """What had arrived is told and carried by the error, with its usage; the request is never sent again."""
    then, kind, message = CUTS[name]
    told: list[StreamEvent] = []
    with Server(broken("Hel", "lo", then=then)) as server:
        with pytest.raises(kind, match=message) as caught:
            asyncio.run(drain(service(server.url, wait=0.3), ASK, told))
        assert len(server.requests) == 1
    error = caught.value
    assert type(error) is kind
    assert error.hint
    assert [item.text for item in told if isinstance(item, TextDelta)] == ["Hel", "lo"]
    assert error.partial == Message("assistant", (Text("Hello"),), "p/m", "error")
    assert error.usage
    assert (error.usage.input, error.usage.output, error.billable) == (9, 1, True)


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"", "ended its answer early"), (b"\x00\x01 nonsense\n\n", "ended its answer early"), (b"\xff\n", "not UTF-8")],
)
def test_an_answer_that_is_none(body: bytes, message: str) -> None:
    """A body that has no answer in it is an error with nothing partial."""
    with Server(answer(200, body, {"Content-Type": "text/event-stream"})) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert message in error.message
    assert error.partial is None


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b""])
def test_a_whole_answer_that_is_none(body: bytes) -> None:
    """So is JSON that is no answer."""
    with Server(answer(200, body, {"Content-Type": "application/json"})) as server:
        error = failure(service(server.url), ASK, ProviderError)
    assert "malformed" in error.message
    assert not error.billable


@pytest.mark.parametrize("kind", ["Text/Event-Stream", "text/plain", "application/octet-stream"])
def test_a_stream_by_another_name(kind: str) -> None:
    """A stream of answers is understood whatever its server calls it."""
    with Server(answer(200, b"".join(sse(*events("Hello"))), {"content-TYPE": kind})) as server:
        assert asyncio.run(complete_and_close(service(server.url))).message.text == "Hello"


def whole(*more: bytes, usage: bool) -> list[Step]:
    """An answer with its reason to stop, and perhaps its usage, that is not ended."""
    return stream(*sse(*events("Hello", usage=USAGE if usage else None)), *more, end=False)


def test_a_whole_answer_does_not_wait_for_its_end() -> None:
    """After the reason to stop and the usage the answer is told, though the connection stays open without [DONE]."""
    with Server([*whole(usage=True), Stall()]) as server:
        start = monotonic()
        done = asyncio.run(complete_and_close(service(server.url)))
    assert monotonic() - start < 2
    assert done.usage
    assert (done.message.text, done.usage.output) == ("Hello", 3)


def test_a_whole_answer_waits_shortly_for_its_usage() -> None:
    """Without a usage it is told after a few seconds, complete, even where the server says that it is still there."""
    pings = [step for _ in range(100) for step in (Pause(0.2), Send(chunk(b": ping\n\n")))]
    with Server([*whole(usage=False), *pings]) as server:
        done = asyncio.run(asyncio.wait_for(complete_and_close(service(server.url)), 10))
    assert (done.message.text, done.usage, done.stop_reason) == ("Hello", None, "end_turn")


def test_a_late_usage_is_heard() -> None:
    """A usage that comes a moment after the reason to stop is part of the answer."""
    *_, usage = events("Hello")
    with Server([*whole(usage=False), Pause(0.3), Send(chunk(sse(usage)[0])), Stall()]) as server:
        done = asyncio.run(complete_and_close(service(server.url)))
    assert done.usage
    assert done.usage.output == 3


@pytest.mark.parametrize("then", [Send(chunk(b"")), Drop(), Drop(reset=True), Stall(), Send(b"zz\r\n")])
def test_a_whole_answer_is_one_however_the_connection_ends(then: Step) -> None:
    """What breaks after the reason to stop breaks nothing of the answer."""
    with Server([*whole(usage=False), Pause(0.1), then]) as server:
        done = asyncio.run(complete_and_close(service(server.url, wait=0.3)))
    assert (done.message.text, done.usage, len(server.requests)) == ("Hello", None, 1)


@pytest.mark.parametrize("packets", [1, 3])
def test_nonsense_takes_nothing_from_what_came_before_it(packets: int) -> None:
    """The text and the usage before a byte that is no UTF-8 are kept, whether they came in a packet with it or not."""
    good = [*sse(*events("Hel", "lo")[:3]), *sse({**event(), "choices": [], "usage": USAGE})]
    pieces = [*good, b"data: \xff\n\n"]
    with Server(stream(*([b"".join(pieces)] if packets == 1 else pieces))) as server:
        told: list[StreamEvent] = []
        with pytest.raises(ProviderError, match="malformed stream") as caught:
            asyncio.run(drain(service(server.url), ASK, told))
    assert [one.text for one in told if isinstance(one, TextDelta)] == ["Hel", "lo"]
    assert caught.value.usage
    assert (caught.value.usage.input, caught.value.billable) == (9, True)


@pytest.mark.parametrize("nonsense", [b"data: \xff\n\n", b"data: {\n\n", b'data: {"error": {"message": "late"}}\n\n'])
@pytest.mark.parametrize("together", [True, False])
def test_nonsense_after_a_whole_answer(nonsense: bytes, *, together: bool) -> None:
    """An answer that gave its reason to stop is whole, whatever the server adds."""
    whole = sse(*events("Hello", usage=None))
    with Server(stream(*([b"".join([*whole, nonsense])] if together else [*whole, nonsense]))) as server:
        done = collect(service(server.url), ASK)[-1]
    assert isinstance(done, Done)
    assert (done.message.text, done.usage) == ("Hello", None)


def test_any_kind_of_success_is_one() -> None:
    """A gateway that answers 201 has answered: what is paid for is kept."""
    body = b"".join(sse(*events("Hello"), "[DONE]"))
    with Server(answer(201, body, {"Content-Type": "text/event-stream"})) as server:
        done = collect(service(server.url), ASK)[-1]
    assert isinstance(done, Done)
    assert done.message.text == "Hello"


def test_a_question_is_asked_again() -> None:
    """What costs nothing is asked again after a fault, also where an answer might be billed by now."""

    async def ask(url: str) -> dict[str, Any]:
        provider = service(url)
        async with aclosing(provider):
            return await provider.ask(Query("/key"))

    with Server([Drop()], answer(503), answer(200, {"data": 1})) as server:
        assert asyncio.run(ask(server.url)) == {"data": 1}
        assert [request.method for request in server.requests] == ["GET"] * 3
    with Server(answer(404, {"error": "no"})) as server, pytest.raises(ProviderError, match="404"):
        asyncio.run(ask(server.url))


def test_a_bomb_fills_no_memory() -> None:
    """Compressed data that a server sends unasked are never unpacked, in an answer or in an error."""
    for status in (200, 400):
        with Server(answer(status, bomb(), {"Content-Encoding": "gzip, gzip"})) as server:
            provider = service(server.url)
            tracemalloc.start()
            failure(provider, ASK, ProviderError)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 20_000_000


@pytest.mark.parametrize("begun", [True, False])
def test_cancelling_closes_the_connection(*, begun: bool) -> None:
    """A cancelled turn leaves no request running that would go on costing."""
    with Server(opening("Hello", then=[Stall()]) if begun else [Stall()]) as server:

        async def run() -> None:
            task = asyncio.create_task(complete_and_close(service(server.url)))
            request = await asyncio.to_thread(server.wait_request)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(request.wait_gone)

        asyncio.run(run())


def test_cancelling_a_wait_for_a_retry() -> None:
    """A wait for the next attempt ends at once, too."""
    with Server(answer(429, b"", {"Retry-After": "50"})) as server:

        async def run() -> None:
            async with aclosing(service(server.url)) as provider:
                told = provider.stream(ASK)
                assert isinstance(await anext(told), Sending)
                assert isinstance(await anext(told), Retry)
                waiting = asyncio.ensure_future(anext(told))
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting

        asyncio.run(asyncio.wait_for(run(), 40))


def test_closing_the_events_closes_the_connection() -> None:
    """Who stops listening in the middle has the connection closed."""
    with Server(opening("Hello", then=[Stall()])) as server:

        async def run() -> None:
            provider = service(server.url)
            async with aclosing(provider.stream(ASK)) as told:
                await anext(told), await anext(told)
            await asyncio.to_thread(server.requests[0].wait_gone)
            await provider.aclose()

        asyncio.run(run())


QUIET = """
import asyncio, sys
from contextlib import aclosing
from agentctl.events import Sending
from agentctl.messages import user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.driver import HttpProvider
from agentctl.providers.openai import ChatCompletions
from agentctl.transport import Transport

async def main(how):
    provider = HttpProvider(ChatCompletions(Capabilities("p", sys.argv[1])), Transport())
    request = Request("m", (user("hi"),))
    if how == "closed":
        async with aclosing(provider.stream(request)) as events:
            await anext(events), await anext(events)
    elif how == "forgotten":
        async for event in provider.stream(request):
            if not isinstance(event, Sending):
                break
    elif how == "cancelled":
        events = provider.stream(request)
        await anext(events), await anext(events), await anext(events)
        task = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
    elif how == "raised":
        try:
            async with aclosing(provider.stream(request)) as events:
                async for event in events:
                    if not isinstance(event, Sending):
                        raise KeyError(event)
        except KeyError:
            pass
    await provider.aclose()

asyncio.run(main(sys.argv[2]))
"""


@pytest.mark.parametrize("how", ["closed", "forgotten", "cancelled", "raised"])
def test_leaving_makes_no_noise(how: str) -> None:
    """However a stream is left in its middle, nothing is printed and nothing warned of, to the end of the process."""
    with Server(opening("Hello", then=[Stall()])) as server:
        command = [sys.executable, "-W", "error", "-c", QUIET, server.url, how]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_key_is_looked_for_once() -> None:
    """A key that a command prints, maybe for a fingerprint, is asked for once in the life of the provider."""
    asked: list[str] = []

    def find() -> str:
        asked.append("")
        return "k-1"

    with Server(completion("Hello")) as server:

        async def run() -> None:
            async with aclosing(service(server.url, Credential(find, expected=True))) as provider:
                for _ in range(2):
                    await complete(provider, ASK)

        asyncio.run(run())
    assert len(asked) == 1
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer k-1"] * 2


def test_cancelling_the_search_for_the_key() -> None:
    """A turn that is cancelled while a command looks for the key ends at once, and waits for no thread."""
    looking, enough = threading.Event(), threading.Event()

    def find() -> str:
        looking.set()
        enough.wait(30)
        return "k-1"

    async def run() -> None:
        async with aclosing(service("http://127.0.0.1:9", Credential(find, expected=True))) as provider:
            task = asyncio.ensure_future(complete(provider, ASK))
            await asyncio.to_thread(looking.wait, 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    start = monotonic()
    asyncio.run(run())
    enough.set()
    assert monotonic() - start < 25  # it was not waited for


def test_the_body_is_plain_json() -> None:
    """The body is JSON in ASCII, which no server misreads."""
    with Server(completion("Hello")) as server:
        collect(service(server.url), Request("m", (user("é🙂\u2028"),)))
    assert server.requests[0].body.isascii()
    assert json.loads(server.requests[0].body)["messages"][0]["content"] == "é🙂\u2028"


def test_wishes_that_are_not_sent_as_they_are_are_said_once() -> None:
    """In the preview, and in the first turn; the next one with the same wish says nothing, as the user knows."""
    request = Request("gpt-5", (user("hi"),), temperature=0.5, effort="none")
    told = [
        "gpt-5 knows no effort none: it is asked for minimal",
        "not sent to p: the temperature, which gpt-5 does not take here",
    ]

    async def notices(provider: HttpProvider) -> list[str]:
        async with aclosing(provider.stream(request)) as stream:
            return [event.text async for event in stream if isinstance(event, Notice)]

    async def turns(provider: HttpProvider) -> list[list[str]]:
        async with aclosing(provider):
            return [await notices(provider), await notices(provider)]

    with Server(completion("hi")) as server:
        provider = service(server.url)
        assert list(provider.preview(request).notes) == told
        assert asyncio.run(turns(provider)) == [told, []]
    body = server.requests[0].json
    assert (body["reasoning_effort"], "temperature" in body) == ("minimal", False)
