"""What streamed responses of many servers mean, cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cuts import cuts
from support.responses import (
    USAGE,
    added,
    call,
    created,
    delta,
    done,
    ended,
    events,
    message,
    reasoning,
    response,
)

from agentctl import sse
from agentctl.errors import ContextOverflowError, ProviderError
from agentctl.events import Done, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Part, StopReason, Text, Thinking, ToolCall
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.responses import Responses
from agentctl.providers.responses.answer import Decoder
from agentctl.usage import Usage

GOLDEN = Path(__file__).parent / "golden"
FAILED = "openai-failed"  # which has a test of its own


def item(**fields: Any) -> str:
    """The signature that keeps a reasoning item of these fields."""
    return json.dumps(fields, separators=(",", ":"))


def encrypted(id_: str, content: str, *summary: str) -> str:
    """The signature of an encrypted reasoning item."""
    return json.dumps(reasoning(*summary, id_=id_, encrypted=content), separators=(",", ":"))


@dataclass(frozen=True)
class Expected:
    """What a golden stream says."""

    start: Start
    parts: tuple[Part, ...]
    stop_reason: StopReason
    usage: tuple[int, int, int, int, int] | None  # uncached, read, written short and long, output


G = "gpt-5.6-sol-2026-07-01"
SUMMARY = ("**Looking up**\n\nTwo places.", "Then the time.")
EXPECTED = {
    "llamacpp": Expected(
        Start("m", "resp_l3ctrWsOipTiYtYGRCeCpZiWKcGJG3hO"), (Text("Moffi."),), "end_turn", (33, 0, 0, 0, 5)
    ),
    "openai-text": Expected(Start("gpt-4o-mini", "resp_first"), (Text("Synthetic text"),), "end_turn", None),
    "openai-incomplete": Expected(Start("gpt-4o-mini", "resp_first"), (), "max_tokens", None),
    "openai-future": Expected(Start("gpt-4o-mini", "resp_unknown"), (), "end_turn", None),
    "openai-refusal": Expected(Start(G, "resp_1"), (Text("I can't help with that."),), "refusal", (9, 0, 0, 0, 3)),
    "openai-tools": Expected(
        Start(G, "resp_1"),
        (
            Thinking(
                "\n\n".join(SUMMARY),
                encrypted("rs_0a", "gAAAAABq+/_done==", *SUMMARY)[:-1] + ',"status":"completed"}',
                "p",
            ),
            ToolCall("call_a", "weather", '{"city":"Zürich 😀"}'),
            ToolCall("call_b", "time", "{}"),
        ),
        "tool_use",
        (580, 1920, 1000, 500, 300),
    ),
    "openai-phases": Expected(
        Start(G, "resp_1"),
        (
            Thinking("", encrypted("rs_1", "gAAAAABq1"), "p"),
            Text("Let me look.", '{"phase":"commentary"}'),
            Thinking("", encrypted("rs_2", "gAAAAABq2"), "p"),
            Text("\n\nIt is 42.", '{"phase":"final_answer"}'),
        ),
        "end_turn",
        (9, 0, 0, 0, 3),
    ),
    "only-done": Expected(
        Start(G, "resp_1"),
        (
            Thinking("Hm.", encrypted("rs_1", "gAAAAABq1", "Hm."), "p"),
            Text("Yes."),
            ToolCall("call_b", "time", "{}"),
        ),
        "tool_use",
        (9, 0, 0, 0, 3),
    ),
    "rotating-ids": Expected(
        Start(G, "resp_1"),
        (Thinking("Hm", encrypted("A4", "gAAAAABq1", "Hm"), "p"), Text("Hello")),
        "end_turn",
        (9, 0, 0, 0, 3),
    ),
    "open-model": Expected(
        Start("openai/gpt-oss-20b", "resp_1"),
        (
            Thinking(
                "Paris it is.",
                item(
                    id="rs_5",
                    type="reasoning",
                    summary=[],
                    content=[{"type": "reasoning_text", "text": "Paris it is."}],
                    encrypted_content=None,
                    status="completed",
                ),
                "p",
            ),
            Text("Paris"),
        ),
        "end_turn",
        (9, 0, 0, 0, 3),
    ),
}


def decoder() -> Decoder:
    return Responses(Capabilities("p")).decoder(Request("m", ()))


def decode(*chunks: bytes) -> list[StreamEvent]:
    """The events of a stream that comes in these chunks."""
    frames, answer = sse.Decoder(), decoder()
    found = [told for chunk in chunks for frame in frames.feed(chunk) for told in answer.feed(frame.data)]
    return [*found, answer.end()]


def answer(*payloads: dict[str, Any] | str) -> tuple[list[StreamEvent], Decoder]:
    """The events of these payloads, and the decoder that told them."""
    fed = decoder()
    texts = [payload if isinstance(payload, str) else json.dumps(payload) for payload in payloads]
    return [told for text in texts for told in fed.feed(text)], fed


def parts(*payloads: dict[str, Any] | str) -> tuple[Part, ...]:
    """The parts of the whole answer that these payloads make."""
    return answer(*payloads)[1].end().message.parts


def failing(*payloads: dict[str, Any] | str) -> tuple[ProviderError, Decoder]:
    """The error to which the last of these payloads leads, and the decoder."""
    fed = decoder()
    *before, last = [payload if isinstance(payload, str) else json.dumps(payload) for payload in payloads]
    for text in before:
        fed.feed(text)
    with pytest.raises(ProviderError) as caught:
        fed.feed(last)
    return caught.value, fed


def variants(stream: bytes) -> Iterator[bytes]:
    """The same stream as other servers write it."""
    yield stream
    yield stream.replace(b"\n", b"\r\n")
    yield b"\xef\xbb\xbf" + stream.replace(b"data: ", b"data:").replace(b"\n", b"\r")


def counts(usage: Usage | None) -> tuple[int, ...] | None:
    return None if usage is None else tuple(usage.buckets().values())


def test_every_golden_stream_is_expected() -> None:
    """No recorded stream lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.sse")} == {*EXPECTED, FAILED}


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams(name: str) -> None:
    """Streams as servers send them mean what they should, however the lines end."""
    expected = EXPECTED[name]
    for stream in variants((GOLDEN / f"{name}.sse").read_bytes()):
        start, *_, last = decode(stream)
        assert start == expected.start
        assert isinstance(last, Done)
        assert last.message == Message("assistant", expected.parts, "p/m", expected.stop_reason)
        assert last.stop_reason == expected.stop_reason
        assert counts(last.usage) == expected.usage


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams_however_they_are_split(name: str) -> None:
    """A stream cut in two, or into single bytes, gives the same events."""
    stream = (GOLDEN / f"{name}.sse").read_bytes()
    whole = decode(stream)
    for cut in cuts(stream):
        assert decode(stream[:cut], stream[cut:]) == whole
    for variant in variants(stream):
        assert decode(*(bytes([byte]) for byte in variant)) == whole


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_answers_that_are_not_streamed(name: str) -> None:
    """The last response of a stream, sent alone, means the same as far as it goes."""
    stream = (GOLDEN / f"{name}.sse").read_bytes()
    last = next(frame for frame in map(json.loads, reversed(payloads(stream))) if "response" in frame)
    expected = EXPECTED[name]
    told, fed = answer({**last["response"], "type": None})
    if last["response"]["output"]:
        shown = [part if not isinstance(part, Thinking) else part.text for part in fed.end().message.parts]
        assert shown == [part if not isinstance(part, Thinking) else part.text for part in expected.parts]
    assert fed.end().stop_reason == expected.stop_reason or name == "only-done"
    assert counts(fed.usage) == expected.usage
    assert isinstance(told[0], Start)


def payloads(stream: bytes) -> list[str]:
    frames = sse.Decoder().feed(stream)
    return [frame.data for frame in frames if frame.data != "[DONE]"]


def test_a_failed_response() -> None:
    """A response that failed is an error with the server's words, and may be asked for again."""
    frames = payloads((GOLDEN / f"{FAILED}.sse").read_bytes())
    error, fed = failing(*frames)
    assert (error.message, error.transient, error.told) == ("p broke off: Synthetic failure", True, True)
    assert (fed.partial, fed.response_id) == (None, "resp_first")


@given(st.lists(st.text(), max_size=20))
def test_no_text_is_lost_or_added(texts: list[str]) -> None:
    """The deltas and the final message both are the text that was sent, though it is sent five times."""
    told, fed = answer(*events(*texts))
    clean = "".join(texts).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if clean == "".join(texts):
        assert "".join(event.text for event in told if isinstance(event, TextDelta)) == clean
        assert fed.end().message.text == clean


@given(st.text(min_size=1), st.data())
def test_a_text_is_told_once(text: str, data: st.DataObject) -> None:
    """Whatever a server leaves out, of deltas, what is done, and the whole response, the text is there just once."""
    text = text.encode("utf-8", "replace").decode()
    cut = data.draw(st.integers(0, len(text)))
    whole = message(text)
    place: dict[str, Any] = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    tellings: list[dict[str, Any]] = [
        added(0, {**whole, "content": []}),
        delta("output_text", text[:cut], **place),
        {"type": "response.output_text.done", **place, "text": text},
        {"type": "response.content_part.done", **place, "part": whole["content"][0]},
        done(0, whole),
    ]
    sent = [one for one in tellings if data.draw(st.booleans())]
    assert parts(created(), *sent, ended(whole)) == (Text(text),)


@given(st.text(), st.data())
def test_characters_cut_in_two_are_joined(text: str, data: st.DataObject) -> None:
    """Cut between any two UTF-16 units, even inside a surrogate pair, text is the same, and never half a character."""
    units = text.encode("utf-16-le")
    halves = [chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)]
    kind = data.draw(st.sampled_from(["output_text", "refusal", "reasoning_text", "reasoning_summary_text"]))
    told, fed = answer(created(), *(delta(kind, half) for half in halves), ended())
    assert "".join(event.text for event in told if isinstance(event, TextDelta | ThinkingDelta)) == text
    assert fed.end().message.text + fed.end().message.thinking == text


@pytest.mark.parametrize("tail", [[], [done(0, message("a\ud83d", "item_0"))]])
def test_half_a_character_at_the_end_is_replaced(tail: list[dict[str, Any]]) -> None:
    """A first half that no second one follows becomes a replacement character once the text is whole."""
    assert parts(created(), delta("output_text", "a\ud83d"), *tail, ended()) == (Text("a\ufffd"),)


def test_a_long_answer_is_whole() -> None:
    """Joining deltas on the way, so that they weigh little, changes nothing."""
    texts = [f"{number} " for number in range(2_000)]
    assert parts(*events(*texts)) == (Text("".join(texts)),)


def test_the_whole_response_alone() -> None:
    """A server that streams nothing but the end has answered all the same; so has one that does not stream at all."""
    output = [reasoning("Hm."), message("Yes."), call("f", '{"x":1}')]
    expected = (
        Thinking("Hm.", encrypted("rs_1", "gAAA==", "Hm."), "p"),
        Text("Yes."),
        ToolCall("call_1", "f", '{"x":1}'),
    )
    assert parts(ended(*output)) == expected
    told, fed = answer(response(*output))
    assert told[0] == Start("m", "resp_1")
    assert fed.end().message.parts == expected
    assert counts(fed.usage) == (9, 0, 0, 0, 3)


@pytest.mark.parametrize("output", [None, [], [None]])
def test_a_whole_response_without_items(output: object) -> None:
    """What was streamed stands where the end does not repeat it."""
    last = ended()
    last["response"]["output"] = output
    assert parts(*events("hi")[:-1], last) == (Text("hi"),)


def test_items_by_other_names_at_the_end() -> None:
    """What the stream told of is not told again under the names that the end has for it; a call that is new is."""
    text, thought = message("hi", "x"), reasoning("Hm", id_="y")
    streamed = [created(), done(4, reasoning("Hm")), *(delta("output_text", "hi", 7),), done(9, call("f"))]
    whole = [thought, text, {**call("f"), "id": "z"}, call("g", id_="2")]
    thinking = Thinking("Hm", encrypted("rs_1", "gAAA==", "Hm"), "p")
    assert parts(*streamed, ended(*whole)) == (
        thinking,
        Text("hi"),
        ToolCall("call_1", "f", "{}"),
        ToolCall("call_2", "g", "{}"),
    )


def test_calls_that_the_server_counts_alike() -> None:
    """Two calls of the same index but other ids are two."""
    one, two = call("f", "1", "a"), call("g", "2", "b")
    told = [added(0, {**one, "arguments": ""}), done(0, one), added(0, {**two, "arguments": ""}), done(0, two)]
    assert parts(created(), *told, ended()) == (ToolCall("call_a", "f", "1"), ToolCall("call_b", "g", "2"))


@pytest.mark.parametrize("place", [{"output_index": 0}, {}])
def test_pieces_that_do_not_name_their_item(place: dict[str, Any]) -> None:
    """Pieces without an id belong to the item that began last, of their index if they have one."""
    one, two = call("f", "", "a"), call("g", "", "b")
    piece = {"type": "response.function_call_arguments.delta", "delta": "1", **place}
    assert parts(created(), added(0, one), piece, added(0, two), piece, piece, ended()) == (
        ToolCall("call_a", "f", "1"),
        ToolCall("call_b", "g", "11"),
    )


def test_the_answer_starts_when_the_server_says_who_answers() -> None:
    """Events that tell nothing do not start an answer; words do, whoever says them."""
    begun = added(0, {**message(""), "content": []})
    told, _ = answer(begun, {**created(), "response": response(model="real")})
    assert told == [Start("real", "resp_1")]
    assert answer(delta("output_text", "hi"), created())[0] == [Start("m"), TextDelta("hi")]


def test_items_without_any_name() -> None:
    """Where nothing names the items, pieces belong to the last one of their kind."""
    begun = {"type": "response.output_item.added", "item": {"type": "function_call", "name": "f"}}
    pieces = [{"type": "response.function_call_arguments.delta", "delta": text} for text in ("1", "2")]
    assert parts(created(), begun, *pieces, begun, *pieces, ended()) == (
        ToolCall("call_0", "f", "12"),
        ToolCall("call_1", "f", "12"),
    )


def test_a_call_that_is_named_late() -> None:
    """Arguments may come before anyone said whose they are."""
    piece = delta("function_call_arguments", "{}", item_id="fc_1")
    told, fed = answer(created(), piece, done(0, call("f")), ended())
    assert told[1:] == [ToolCallDelta(0, "call_0"), ToolCallDelta(0, arguments="{}"), ToolCallDelta(0, name="f")]
    assert fed.end().message.parts == (ToolCall("call_0", "f", "{}"),)


def test_a_summary_alone_is_not_sent_back() -> None:
    """Reasoning without its encrypted form is shown, and has no signature: the server would look for it in vain."""
    assert parts(created(), done(0, reasoning("Hm.", encrypted=None)), ended()) == (Thinking("Hm.", None, "p"),)


def test_the_encrypted_form_of_the_finished_item() -> None:
    """When an item begins, its encrypted form may be a part of it; the one to keep comes when it is done."""
    begun = added(0, reasoning(encrypted="gA"))
    assert parts(created(), begun, done(0, reasoning()), ended(reasoning(encrypted="gB"))) == (
        Thinking("", encrypted("rs_1", "gAAA=="), "p"),
    )


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (ended(), "end_turn"),
        (ended(call("f")), "tool_use"),
        (ended(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "max_tokens"),
        (ended(call("f"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "max_tokens"),
        (ended(status="incomplete", incomplete_details={"reason": "content_filter"}), "refusal"),
        (ended(status="incomplete", incomplete_details={"reason": "something_new"}), "end_turn"),
        (ended(status="incomplete", incomplete_details=None), "end_turn"),
        ({"type": "response.completed", "response": response(status="incomplete")}, "end_turn"),
        ({"type": "response.done", "response": {"output": [call("f")]}}, "tool_use"),
        ({"type": "response.completed"}, "end_turn"),
    ],
)
def test_stop_reasons(last: dict[str, Any], expected: StopReason) -> None:
    """Every way to end has its name here, and an unknown one is an ordinary end."""
    _, fed = answer(created(), last)
    assert (fed.end().stop_reason, fed.end().message.stop_reason) == (expected, expected)
    assert fed.whole
    assert fed.finished


@pytest.mark.parametrize(
    ("limit", "output", "expected"),
    [
        (3, [message("x")], "max_tokens"),
        (2, [message("x")], "max_tokens"),
        (4, [message("x")], "end_turn"),
        (None, [message("x")], "end_turn"),
        (3, [call("f")], "tool_use"),
    ],
)
def test_an_answer_that_was_cut_though_it_is_called_completed(
    limit: int | None, output: list[dict[str, Any]], expected: StopReason
) -> None:
    """Llama.cpp does not tell that it stopped at the limit; the tokens that it used do."""
    fed = Responses(Capabilities("p")).decoder(Request("m", (), max_output=limit))
    fed.feed(json.dumps(ended(*output)))
    assert fed.end().stop_reason == expected


@pytest.mark.parametrize("depth", [100, 900])
def test_reasoning_beyond_measure_is_not_kept(depth: int) -> None:
    """An item that could not be written into a request would end the conversation for good."""
    deep = "[" * depth + "]" * depth
    items = (f'{{"type":"reasoning","encrypted_content":"g","x":{value}}}' for value in (deep, "NaN", "1e999"))
    told = [f'{{"type":"response.output_item.done","output_index":{n},"item":{item}}}' for n, item in enumerate(items)]
    assert parts(created(), *told, ended()) == ()


@pytest.mark.parametrize(
    "sent",
    [
        [created(), delta("output_text", "half")],
        [created(), delta("output_text", "half"), "[DONE]"],
        [response(status="queued")],
        [response(status="in_progress")],
        [{"type": "keepalive"}],
    ],
)
def test_an_answer_that_never_ends(sent: list[dict[str, Any] | str]) -> None:
    """Only a response that is over makes an answer whole, whatever else a gateway says."""
    _, fed = answer(*sent)
    assert not fed.whole
    with pytest.raises(ProviderError, match="ended its answer early"):
        fed.end()


def test_a_server_that_speaks_chat_completions() -> None:
    """Whoever answers in the older API is told apart from a stream that broke, and the user how to ask it."""
    error, _ = failing({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "hi"}}]})
    assert error.message == "p answered in Chat Completions, but was asked in Responses"
    assert error.hint
    assert "config set servers.p.api chat" in error.hint


def test_nothing_follows_the_end() -> None:
    """What comes after the last event is not heard."""
    told, fed = answer(*events("hi"), delta("output_text", "more"), "[DONE]", "not JSON")
    assert fed.end().message.text == "hi"
    assert sum(isinstance(event, Start) for event in told) == 1


def test_events_that_tell_nothing() -> None:
    """Signs of life, events and items that are not known, and searches of the server's own are passed over."""
    search = {"type": "web_search_call", "id": "ws_1", "content": "?", "summary": 7}
    unknown = [
        {"type": "keepalive"},
        {"type": "response.web_search_call.searching", "item_id": "ws_1"},
        {"type": "ping"},
    ]
    told, fed = answer(*unknown[:1], created(), *unknown, added(0, search), done(0, search), ended(search, usage=USAGE))
    assert told == [Start("m", "resp_1")]
    assert fed.end().message.parts == ()
    assert fed.usage
    assert fed.usage.details == {"web_searches": 1}


def test_usage_and_service_tier() -> None:
    """How the call was served stands beside the usage, not in it."""
    _, fed = answer(*events("hi", service_tier="flex"))
    assert fed.usage
    assert (fed.usage.service_tier, fed.usage.raw) == ("flex", USAGE)


@pytest.mark.parametrize(
    ("event", "message", "transient"),
    [
        ({"type": "error", "code": "server_error", "message": "died", "param": None}, "p broke off: died", True),
        (
            {"type": "error", "error": {"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "slow"}},
            "p broke off: slow",
            True,
        ),
        ({"error": {"message": "bad", "code": 400}}, "p broke off: bad", False),
        (ended(status="failed", error={"code": "server_error", "message": "died"}), "p broke off: died", True),
        (ended(status="failed"), "p broke off: the response is failed", False),
        (ended(status="cancelled"), "p broke off: the response is cancelled", False),
        (response(status="failed", error={"code": "invalid_image", "message": "what?"}), "p broke off: what?", False),
    ],
)
def test_an_error_in_the_stream(event: dict[str, Any], message: str, *, transient: bool) -> None:
    """An error among the events is an error, though the status was 200; what had come before it is kept."""
    error, fed = failing(created(), delta("output_text", "half"), event)
    assert (error.message, error.transient) == (message, transient)
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")
    assert counts(fed.usage) == ((9, 0, 0, 0, 3) if "usage" in {*event, *event.get("response", ())} else None)


def test_an_overflow_in_the_stream() -> None:
    """That the prompt is too long may be said only in the stream."""
    problem = {"code": "context_length_exceeded", "message": "Your input exceeds the context window of this model."}
    error, fed = failing(created(), {"type": "error", **problem})
    assert isinstance(error, ContextOverflowError)
    assert fed.partial is None


@pytest.mark.parametrize(
    "data",
    [
        '{"type": "response.output_text.delta", "delta": "trunc',
        "not json",
        "",
        "[]",
        "null",
        '{} {"second": 1}',
        '{"type": "response.output_text.delta", "delta": 7}',
        '{"type": "response.output_item.done", "item": 7}',
        '{"type": "response.output_item.done", "item": {"type": "message", "content": "text"}}',
        '{"type": "response.output_item.done", "item": {"type": "message", "content": [7]}}',
        '{"type": "response.output_item.done", "item": {"type": "function_call", "arguments": {}, "name": 7}}',
        '{"type": "response.completed", "response": 7}',
        '{"type": "response.completed", "response": {"output": {"a": 1}}}',
        '{"output": "text"}',
        "[" * 100_000,
    ],
)
def test_malformed_events(data: str) -> None:
    """What is no event of an answer is refused as such, and what came before it is kept."""
    error, fed = failing(created(), delta("output_text", "half"), data)
    assert "malformed" in error.message
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
NAME = st.sampled_from(["message", "reasoning", "function_call", "output_text", "refusal", "summary_text", "a", "b"])
LEAF = NAME | JSON
PART = st.dictionaries(st.sampled_from(["type", "text", "refusal"]), LEAF)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "type": LEAF,
        "id": LEAF,
        "call_id": LEAF,
        "name": LEAF,
        "arguments": LEAF,
        "phase": LEAF,
        "encrypted_content": LEAF,
        "content": JSON | st.lists(PART | JSON, max_size=2),
        "summary": JSON | st.lists(PART | JSON, max_size=2),
    },
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "id": LEAF,
        "model": LEAF,
        "status": st.sampled_from(["completed", "incomplete", "failed", "queued"]) | JSON,
        "output": JSON | st.lists(ITEM | JSON, max_size=3),
        "usage": JSON | st.just(USAGE),
        "error": JSON,
        "incomplete_details": JSON | st.dictionaries(st.just("reason"), JSON),
    },
)
KINDS = [
    *(f"response.{name}" for name in ("created", "output_item.added", "output_item.done", "completed", "failed")),
    *(
        f"response.{text}.{verb}"
        for text in ("output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments")
        for verb in ("delta", "done")
    ),
    "error",
]
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS) | JSON},
    optional={
        "item": ITEM | JSON,
        "item_id": LEAF,
        "output_index": st.integers(-1, 2) | JSON,
        "content_index": st.integers(-1, 2) | JSON,
        "delta": LEAF,
        "text": LEAF,
        "arguments": LEAF,
        "response": RESPONSE | JSON,
    },
)


@given(st.lists(EVENT | RESPONSE | JSON, max_size=8))
def test_no_event_confuses_the_decoder(sent: Iterable[object]) -> None:
    """Any JSON at all, in any order, gives events, or a provider error, and nothing else."""
    fed = decoder()
    try:
        for event in sent:
            fed.feed(json.dumps(event))
        fed.end()
    except ProviderError:
        pass
    assert fed.partial is None or fed.partial.stop_reason == "error"


@given(st.permutations([*events("a", "b"), done(1, call("f")), done(2, reasoning("Hm"))]))
def test_no_order_confuses_the_decoder(sent: list[dict[str, Any]]) -> None:
    """In whatever order events come, the partial answer is sound."""
    fed = decoder()
    for event in sent:
        fed.feed(json.dumps(event))
    assert all(isinstance(part, Text | Thinking | ToolCall) for part in fed.end().message.parts)
