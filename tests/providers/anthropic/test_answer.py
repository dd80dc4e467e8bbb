"""What answers of the Messages API mean, cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.anthropic import (
    USAGE,
    Block,
    closed,
    error,
    events,
    opened,
    redacted,
    start,
    stop,
    text,
    thinking,
    tool_use,
)
from support.cuts import cuts

from agentctl import sse
from agentctl.errors import ProviderError
from agentctl.events import Done, Notice, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Part, StopReason, Text, Thinking, ToolCall
from agentctl.providers.anthropic import Messages
from agentctl.providers.anthropic.answer import Decoder
from agentctl.providers.base import Capabilities, Request

GOLDEN = Path(__file__).parent / "golden"
WEATHER = "I'll check the current weather in Paris for you."


@dataclass(frozen=True)
class Expected:
    """What a golden stream says; its usage is uncached, read, written short and long, output."""

    parts: tuple[Part, ...]
    usage: tuple[int, int, int, int, int]
    stop_reason: StopReason = "end_turn"


HELLO = Text("Hello there!")
EXPECTED = {
    "basic": Expected((HELLO,), (11, 0, 0, 0, 6)),
    "compaction": Expected((HELLO,), (30, 0, 0, 0, 8)),
    "context-management": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "fallback": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "fallback-credit": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "incomplete-partial-json": Expected(
        (
            Text(
                "I'll create a comprehensive tax guide for someone with multiple W2s and save it in a file called "
                "taxes.txt. Let me do that for you now."
            ),
            ToolCall(
                "toolu_01EKqbqmZrGRXy18eN7m9kvY",
                "make_file",
                '{"filename": "taxes.txt", "lines_of_text": [\n"# COMPREHENSIVE TAX GUIDE FOR INDIVIDUALS WITH MULTIPLE'
                ' W-2s",\n"",\n"## INTRODUCTION",\n"",\n"Filing taxes',
            ),
        ),
        (450, 0, 0, 0, 124),
        "max_tokens",
    ),
    "input-transformations-delta": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "input-transformations-empty-delta": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "input-transformations-start-only": Expected((HELLO,), (25, 0, 0, 0, 8)),
    "llamacpp": Expected((Text("The term"),), (9, 1, 0, 0, 8), "max_tokens"),
    "message-delta-fields": Expected((HELLO,), (40, 7, 12, 0, 8)),
    "message-delta-omitted-usage": Expected((HELLO,), (25, 5, 10, 0, 8)),
    "redacted": Expected(
        (
            Thinking(
                "Hm.", "WaUjzkypQ2mUEVM36O2TxuC06KN8xyfbJwyem2dw3URve/op91XWHOEBLLqIOMfFG/UvLEczmEsUjavL....", "p"
            ),
            Thinking(
                "",
                '{"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkN'
                'Rj2YfWXGmKDxH4mPnZ5sQ7vB9URj2pLmN3kF8/dW5hR7xJ0aP1oLs9yTcMnKVf2wRpEGjH9XZaBt4UvDcPrQ"}',
                "p",
            ),
            Text("Based on my analysis..."),
        ),
        (20, 0, 0, 0, 30),
    ),
    "refusal": Expected((), (20, 0, 0, 0, 0), "refusal"),
    "server-tool-use": Expected(
        (
            Text(
                "Claude Opus 4.7 is now generally available with improvements in software engineering and vision"
                " capabilities."
            ),
        ),
        (9281, 0, 0, 0, 97),
    ),
    "thinking": Expected(
        (
            Thinking(
                "Let me solve this step by step:\n\n1. First break down 27 × 453\n2. 453 = 400 + 50 + 3",  # noqa: RUF001
                "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds+/==",
                "p",
            ),
            Text("27 × 453 = 12,231 😀"),  # noqa: RUF001
            Thinking("", "EmptyThoughtOmitted==", "p"),
            ToolCall("toolu_01A", "check", '{"product": 12231}'),
            ToolCall("toolu_01B", "now", "{}"),
        ),
        (472, 40000, 3000, 5000, 189),
        "tool_use",
    ),
    "tool-use": Expected(
        (Text(WEATHER), ToolCall("toolu_01NRLabsLyVHZPKxbKvkfSMn", "get_weather", '{"location": "Paris"}')),
        (377, 0, 0, 0, 65),
        "tool_use",
    ),
    "tool-use-invalid-json": Expected(
        (
            Text(WEATHER),
            ToolCall("toolu_01NRLabsLyVHZPKxbKvkfSMn", "get_weather", '{"location": "Paris", "unit": celsius}'),
        ),
        (377, 0, 0, 0, 65),
        "tool_use",
    ),
    "unknown-events": Expected((HELLO,), (11, 0, 0, 0, 6)),
}


def decoder() -> Decoder:
    return Messages(Capabilities("p")).decoder(Request("m", ()))


def decode(*chunks: bytes) -> list[StreamEvent]:
    """The events of a stream that comes in these chunks."""
    frames, answer = sse.Decoder(), decoder()
    found = [told for chunk in chunks for frame in frames.feed(chunk) for told in answer.feed(frame.data)]
    return [*found, answer.end()]


def answer(*payloads: dict[str, Any] | str) -> tuple[list[StreamEvent], Decoder]:
    """The events of these payloads, and the decoder that told them."""
    fed = decoder()
    texts = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
    return [told for each in texts for told in fed.feed(each)], fed


def failing(*payloads: dict[str, Any] | str) -> tuple[ProviderError, Decoder]:
    """The error to which the last of these payloads leads, and the decoder."""
    fed = decoder()
    *before, last = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
    for each in before:
        fed.feed(each)
    with pytest.raises(ProviderError) as caught:
        fed.feed(last)
    return caught.value, fed


def variants(stream: bytes) -> Iterator[bytes]:
    """The same stream as other servers write it."""
    yield stream
    yield stream.replace(b"\n", b"\r\n")
    yield b"\xef\xbb\xbf" + stream.replace(b"data: ", b"data:").replace(b"\n", b"\r")


def test_every_golden_stream_is_expected() -> None:
    """No recorded stream lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams(name: str) -> None:
    """Streams as servers send them mean what they should, however the lines end."""
    for stream in variants((GOLDEN / f"{name}.sse").read_bytes()):
        begun, *_, done = decode(stream)
        expected = EXPECTED[name]
        assert isinstance(begun, Start)
        assert begun.response_id
        assert isinstance(done, Done)
        assert done.message == Message("assistant", expected.parts, "p/m", expected.stop_reason)
        assert done.usage
        assert tuple(done.usage.buckets().values()) == expected.usage


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams_however_they_are_split(name: str) -> None:
    """A stream cut in two, or into single bytes, gives the same events."""
    stream = (GOLDEN / f"{name}.sse").read_bytes()
    whole = decode(stream)
    for cut in cuts(stream):
        assert decode(stream[:cut], stream[cut:]) == whole
    for variant in variants(stream):
        assert decode(*(bytes([byte]) for byte in variant)) == whole


def test_the_lifetimes_of_cache_writes_outlast_the_last_count() -> None:
    """The last usage tells no lifetimes and no tier; those of the first hold, so no hour is billed as 5 minutes."""
    done = decode((GOLDEN / "thinking.sse").read_bytes())[-1]
    assert isinstance(done, Done)
    assert done.usage
    assert (done.usage.cache_write_short, done.usage.cache_write_long) == (3000, 5000)
    assert (done.usage.service_tier, done.usage.region) == ("standard", "us")
    assert done.usage.details == {"reasoning": 120}


@pytest.mark.parametrize("cut", [1, 4])
def test_an_aborted_stream_keeps_its_usage(cut: int) -> None:
    """What the first event counted is known of an answer that never ended."""
    _, fed = answer(*events(text("a", "b"))[:cut])
    assert fed.usage
    assert (fed.usage.uncached_input, fed.usage.output) == (9, 1)
    assert (fed.begun, fed.whole, fed.response_id) == (True, False, "msg_1")
    with pytest.raises(ProviderError, match="p ended its answer early"):
        fed.end()


def test_a_refusal_says_why() -> None:
    """The category and explanation of a refusal are told, short and clean."""
    told, fed = answer(start(), *stop("refusal", stop_details={"category": "cyber", "explanation": "No\x1b[2J\nway."}))
    assert told[1] == Notice("p refused to answer: cyber: No[2J way.")
    assert fed.end().stop_reason == "refusal"


@pytest.mark.parametrize("details", [None, {}, {"category": None, "explanation": None}, "words"])
def test_a_refusal_without_words(details: object) -> None:
    """A refusal without a reason is told as one."""
    told, _ = answer(start(), *stop("refusal", stop_details=details))
    assert told[1] == Notice("p refused to answer")


@pytest.mark.parametrize(
    ("reason", "expected", "notice"),
    [
        ("end_turn", "end_turn", ""),
        ("max_tokens", "max_tokens", ""),
        ("stop_sequence", "stop_sequence", ""),
        ("tool_use", "tool_use", ""),
        ("pause_turn", "end_turn", "p paused a long turn"),
        ("model_context_window_exceeded", "max_tokens", "p broke the answer off"),
        ("something_new", "end_turn", ""),
    ],
)
def test_stop_reasons(reason: str, expected: StopReason, notice: str) -> None:
    """Every reason to stop has its name here; where the name says too little, the user is told."""
    told, fed = answer(*events(text("x"), reason=reason))
    assert (fed.end().stop_reason, fed.end().message.stop_reason) == (expected, expected)
    notices = [item.text for item in told if isinstance(item, Notice)]
    assert len(notices) == bool(notice)
    assert all(item.startswith(notice) for item in notices)


def test_calls_are_a_reason_to_stop() -> None:
    """An answer that calls tools stops for them, also where the server calls it the end of the turn."""
    _, fed = answer(*events(tool_use("c", "f", "{}")))
    assert fed.end().stop_reason == "tool_use"


def test_parallel_calls_and_thoughts_between_them() -> None:
    """Blocks keep their order, each call its arguments, and each thought the signature that closes it."""
    blocks = (thinking("a", "b", signature="s1"), thinking("c", signature="s2"), tool_use("x", "f", '{"n"', ":1}"))
    told, fed = answer(*events(*blocks, thinking(signature="s3"), tool_use("y", "g")))
    assert fed.end().message.parts == (
        Thinking("ab", "s1", "p"),
        Thinking("c", "s2", "p"),
        ToolCall("x", "f", '{"n":1}'),
        Thinking("", "s3", "p"),
        ToolCall("y", "g", "{}"),
    )
    assert told[1:4] == [ThinkingDelta("a"), ThinkingDelta("b"), ThinkingDelta("", "s1")]


def test_a_thought_that_breaks_off_has_no_signature() -> None:
    """Only a block that ended is signed: half a thought could not be sent back."""
    _, fed = answer(start(), *opened(0, thinking("half", signature="s")))
    assert fed.partial == Message("assistant", (Thinking("half", None, "p"),), "p/m", "error")


def test_blocks_that_all_have_one_number() -> None:
    """A server that does not count its blocks mixes no calls."""
    _, fed = answer(start(), *closed(tool_use("x", "f", "1")), *closed(tool_use("y", "g", "2")), *stop())
    assert fed.end().message.parts == (ToolCall("x", "f", "1"), ToolCall("y", "g", "2"))


def test_a_call_without_an_id() -> None:
    """A call that the server gave no id gets one, which its result can name."""
    _, fed = answer(*events(text("a"), tool_use("", "f")))
    assert fed.end().message.parts[1] == ToolCall("call_1", "f", "{}")


def test_blocks_that_are_whole_from_the_start() -> None:
    """What a block brings with its beginning counts as if it had come in pieces."""
    blocks: list[Block] = [
        ({"type": "text", "text": "a"}, [{"type": "text_delta", "text": "b"}]),
        ({"type": "tool_use", "id": "c", "name": "f", "input": {"x": 1}}, []),
    ]
    _, fed = answer(*events(*blocks))
    assert fed.end().message.parts == (Text("ab"), ToolCall("c", "f", '{"x": 1}'))


def test_text_without_the_beginning_of_a_block() -> None:
    """Text is text, also of a server that begins no block."""
    deltas = [event for event in closed(thinking("t"), text("a")) if event["type"] == "content_block_delta"]
    _, fed = answer(start(), *deltas, *stop())
    assert fed.end().message.parts == (Thinking("t", None, "p"), Text("a"))


def test_arguments_of_a_servers_own_tool_are_nobodys() -> None:
    """What tools of the server did is no call, and its arguments go to none."""
    own = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    _, fed = answer(*events((own, [{"type": "input_json_delta", "partial_json": '{"q":1}'}]), text("found")))
    assert fed.end().message.parts == (Text("found"),)


def test_an_answer_that_is_not_streamed() -> None:
    """A server that ignores `stream` sends one object, which means the same."""
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "hi"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {"x": [1]}},
        {"type": "new", "text": "?"},
    ]
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "real", "content": content}
    told, fed = answer({**message, "stop_reason": "tool_use", "usage": USAGE})
    assert told[0] == Start("real", "m1")
    assert fed.finished
    assert fed.end().message.parts == (
        Thinking("hm", "s", "p"),
        Thinking("", '{"type":"redacted_thinking","data":"x"}', "p"),
        Text("hi"),
        ToolCall("c", "f", '{"x": [1]}'),
    )
    assert fed.usage
    assert fed.usage.raw == USAGE


def test_an_answer_is_whole_before_it_is_finished() -> None:
    """The reason to stop makes an answer whole; the event after it only ends it, and no error undoes it."""
    *begun, last, end = events(text("hi"))
    assert not answer(*begun)[1].whole
    fed = answer(*begun, last)[1]
    assert (fed.whole, fed.finished) == (True, False)
    assert answer(*begun, last, end)[1].finished
    fed = answer(*begun, last, error("overloaded_error", "x"))[1]
    assert (fed.finished, fed.end().message.text) == (True, "hi")


def test_an_answer_begins_once() -> None:
    """A second beginning begins nothing."""
    told, _ = answer(start(), start())
    assert told == [Start("claude-sonnet-4-5", "msg_1")]


def test_odd_names_of_the_answer() -> None:
    """A model or id that is no string is none; the answer is as good."""
    told, _ = answer({"type": "message_start", "message": {"id": 7, "model": None}})
    assert told == [Start("m", None)]


MAKERS: dict[str, Callable[..., Block]] = {"text": text, "thinking": thinking, "call": partial(tool_use, "c", "f")}


@pytest.mark.parametrize("kind", MAKERS)
@given(st.text(), st.data())
def test_characters_cut_in_two_are_joined(kind: str, words: str, data: st.DataObject) -> None:
    """Cut between any two UTF-16 units, even inside a surrogate pair, text is the same, and never half a character."""
    units = words.encode("utf-16-le")
    halves = [chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)]
    cut = data.draw(st.integers(0, len(halves)))
    pieces = ["x", "".join(halves[:cut]), "".join(halves[cut:]), *halves]
    _, fed = answer(*events(MAKERS[kind](*pieces)))
    (part,) = fed.end().message.parts
    assert (part.arguments if isinstance(part, ToolCall) else getattr(part, "text", "")) == "x" + words * 2


def test_half_a_character_at_the_end_is_replaced() -> None:
    """A first half that no second one follows becomes a replacement character."""
    told, fed = answer(*events(text("a\ud83d")))
    assert told[1:3] == [TextDelta("a"), TextDelta("\ufffd")]
    assert fed.end().message.text == "a\ufffd"


@given(st.lists(st.tuples(st.text(), st.text(min_size=1))), st.lists(st.text()))
def test_nothing_is_lost_or_added(thoughts: list[tuple[str, str]], texts: list[str]) -> None:
    """Thoughts with their signatures and text come through as they were sent, byte for byte."""
    _, fed = answer(*events(*(thinking(words, signature=signature) for words, signature in thoughts), text(*texts)))
    *thought, said = (*fed.end().message.parts, None) if not "".join(texts) else fed.end().message.parts
    assert thought == [Thinking(words, signature, "p") for words, signature in thoughts]
    assert said == (Text("".join(texts)) if "".join(texts) else None)


@pytest.mark.parametrize(
    ("event", "message", "transient"),
    [
        (error("overloaded_error", "Overloaded"), "p broke off: Overloaded (req_1)", True),
        (error("api_error", "oops"), "p broke off: oops (req_1)", True),
        (error("invalid_request_error", "bad"), "p broke off: bad (req_1)", False),
        ({"type": "error"}, "p broke off", False),
        ({"error": {"message": "as OpenAI says it", "code": 500}}, "p broke off: as OpenAI says it", True),
    ],
)
def test_an_error_in_the_stream(event: dict[str, Any], message: str, *, transient: bool) -> None:
    """An error among the events is an error, with the server's name of the request; what came before it is kept."""
    failed, fed = failing(start(), *opened(0, text("half")), event)
    assert (failed.message, failed.transient, failed.told) == (message, transient, True)
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")
    assert fed.usage


@pytest.mark.parametrize(
    "data",
    [
        '{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "trunc',
        "",
        "[]",
        "[DONE]",
        '{"type": "message_start"}',
        '{"type": "content_block_start", "index": 1}',
        '{"type": "content_block_start", "index": 1, "content_block": {}}',
        '{"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": 7}}',
        '{"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "c"}}',
        '{"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking"}}',
        '{"type": "content_block_delta", "index": 0}',
        '{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}}',
        '{"type": "content_block_delta", "index": true, "delta": {}}',
        '{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 7}}',
        '{"type": "message_delta"}',
        '{"type": "message_delta", "delta": {"stop_reason": 7}}',
        '{"type": "message", "content": {}}',
        "[" * 100_000,
    ],
)
def test_malformed_events(data: str) -> None:
    """What is no event of an answer is refused as such, and what came before it is kept."""
    failed, fed = failing(start(), *opened(0, text("half")), data)
    assert "malformed" in failed.message
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
KINDS = st.sampled_from(["text", "thinking", "redacted_thinking", "tool_use", "new"])
BLOCK = st.fixed_dictionaries(
    {"type": KINDS | JSON},
    optional=dict.fromkeys(("text", "thinking", "signature", "data", "id", "name", "input"), JSON),
)
DELTAS = st.sampled_from(["text_delta", "thinking_delta", "signature_delta", "input_json_delta"])
DELTA = st.fixed_dictionaries(
    {"type": DELTAS | JSON},
    optional=dict.fromkeys(("text", "thinking", "signature", "partial_json", "stop_reason", "stop_details"), JSON),
)
TYPES = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message"]
)
EVENT = st.fixed_dictionaries(
    {"type": TYPES | JSON},
    optional={
        "index": st.integers(0, 1) | JSON,
        "content_block": BLOCK | JSON,
        "delta": DELTA | JSON,
        "content": JSON | st.lists(BLOCK, max_size=2),
        "message": JSON,
        "usage": JSON,
        "error": JSON,
    },
)
ORDERLY = st.lists(
    st.sampled_from(events(text("a", "b"), thinking("t"), redacted("r"), tool_use("c", "f", "{", "}"))), max_size=20
)


@given(st.lists(EVENT | JSON, max_size=6) | ORDERLY)
def test_no_event_confuses_the_decoder(payloads: list[object]) -> None:
    """Any JSON at all, and events in any order, give events, or a provider error, and nothing else."""
    fed = decoder()
    try:
        for payload in payloads:
            fed.feed(json.dumps(payload))
        fed.end()
    except ProviderError:
        pass
    assert fed.partial is None or fed.partial.stop_reason == "error"


def test_a_long_answer_is_whole() -> None:
    """Joining deltas on the way, so that they weigh little, changes nothing."""
    pieces = [f"{number} " for number in range(2_000)]
    told, fed = answer(*events(thinking("hm"), text(*pieces)))
    assert fed.end().message.parts == (Thinking("hm", "c2ln", "p"), Text("".join(pieces)))
    assert not any(isinstance(item, ToolCallDelta) for item in told)
