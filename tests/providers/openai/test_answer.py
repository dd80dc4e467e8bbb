"""What streamed answers of many servers mean, cut anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.completions import event, events
from support.cuts import cuts

from agentctl import sse
from agentctl.errors import ContextOverflowError, ProviderError
from agentctl.events import Done, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Part, StopReason, Text, Thinking, ToolCall
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openai.answer import Decoder
from agentctl.providers.usages.openai import read_usage

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Expected:
    """What a golden stream says."""

    start: Start
    parts: tuple[Part, ...]
    stop_reason: StopReason
    usage: tuple[int, int, int, int] | None  # uncached, read, written, output


EXPECTED = {
    "llamacpp": Expected(
        Start("smollm2.gguf", "chatcmpl-47TrbT0qet8EiNPBLPuOLSxmNKKLpbJg"),
        (Text("The capital of France is Paris."),),
        "end_turn",
        (16, 0, 0, 8),
    ),
    "openai-text": Expected(
        Start("gpt-5-mini-2025-08-07", "chatcmpl-A1"), (Text("Grüße, 🙂\n世界"),), "max_tokens", (22, 1920, 64, 300)
    ),
    "openai-tools": Expected(
        Start("gpt-5-mini-2025-08-07", "chatcmpl-B2"),
        (ToolCall("call_a", "weather", '{"city":"Paris"}'), ToolCall("call_b", "time", "{}")),
        "tool_use",
        (80, 0, 0, 40),
    ),
    "openai-refusal": Expected(
        Start("gpt-5-mini-2025-08-07", "chatcmpl-C3"), (Text("I can't help with that."),), "refusal", None
    ),
    "openrouter": Expected(
        Start("deepseek/deepseek-r1", "gen-1790000000-x"),
        (Thinking("Paris it is.", None, "p"), Text("Paris")),
        "end_turn",
        (1200, 40000, 8000, 1500),
    ),
    "deepseek": Expected(
        Start("deepseek-reasoner", "d-1"), (Thinking("Let me see", None, "p"), Text("42")), "end_turn", (10, 0, 0, 20)
    ),
    "gemini-compatible": Expected(
        Start("gemini-2.5-flash"),
        (ToolCall("function-call-1", "weather", '{"city":"Oslo"}'), ToolCall("call_1", "time", "{}")),
        "tool_use",
        (50, 0, 0, 7),
    ),
}


def decoder() -> Decoder:
    return ChatCompletions(Capabilities("p")).decoder(Request("m", ()))


def decode(*chunks: bytes) -> list[StreamEvent]:
    """The events of a stream that comes in these chunks."""
    frames, answer = sse.Decoder(), decoder()
    found = [told for chunk in chunks for frame in frames.feed(chunk) for told in answer.feed(frame.data)]
    return [*found, answer.end()]


def answer(*payloads: dict[str, Any] | str) -> tuple[list[StreamEvent], Decoder]:
    """The events of these payloads, and the decoder that told them."""
    fed = decoder()
    texts = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
    return [told for text in texts for told in fed.feed(text)], fed


def failing(*payloads: dict[str, Any] | str) -> tuple[ProviderError, Decoder]:
    """The error to which the last of these payloads leads, and the decoder."""
    fed = decoder()
    *before, last = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
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


def test_every_golden_stream_is_expected() -> None:
    """No recorded stream lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams(name: str) -> None:
    """Streams as servers send them mean what they should, however the lines end."""
    for stream in variants((GOLDEN / f"{name}.sse").read_bytes()):
        start, *_, done = decode(stream)
        expected = EXPECTED[name]
        assert start == expected.start
        assert isinstance(done, Done)
        assert done.message == Message("assistant", expected.parts, "p/m", expected.stop_reason)
        assert done.stop_reason == expected.stop_reason
        usage = done.usage and (
            done.usage.uncached_input,
            done.usage.cache_read,
            done.usage.cache_write_short,
            done.usage.output,
        )
        assert usage == expected.usage


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams_however_they_are_split(name: str) -> None:
    """A stream cut in two, or into single bytes, gives the same events."""
    stream = (GOLDEN / f"{name}.sse").read_bytes()
    whole = decode(stream)
    for cut in cuts(stream):
        assert decode(stream[:cut], stream[cut:]) == whole
    for variant in variants(stream):
        assert decode(*(bytes([byte]) for byte in variant)) == whole


@given(st.lists(st.text(), max_size=20), st.lists(st.text(), max_size=5))
def test_no_text_is_lost_or_added(texts: list[str], thoughts: list[str]) -> None:
    """The deltas and the final message both are the text that was sent, piece by piece."""
    payloads = [*(event({"reasoning_content": thought}) for thought in thoughts), *events(*texts)]
    told, fed = answer(*payloads)
    clean = "".join(texts).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if clean == "".join(texts):
        assert "".join(item.text for item in told if isinstance(item, TextDelta)) == clean
        assert "".join(item.text for item in told if isinstance(item, ThinkingDelta)) == "".join(thoughts)
        assert (fed.end().message.text, fed.end().message.thinking) == (clean, "".join(thoughts))


def test_a_long_answer_is_whole() -> None:
    """Joining deltas on the way, so that they weigh little, changes nothing."""
    texts = [f"{number} " for number in range(2_000)]
    _, fed = answer(event({"reasoning": "hm"}), *events(*texts))
    assert fed.end().message.parts == (Thinking("hm", None, "p"), Text("".join(texts)))


def test_odd_names_of_the_answer() -> None:
    """A model or id that is no string is none; the answer is as good."""
    told, _ = answer({"id": 7, "model": None, "choices": []})
    assert told == [Start("m", None)]


def test_half_characters_are_replaced() -> None:
    """A lone half of a surrogate pair, which nothing can print or store, becomes a replacement character."""
    told, _ = answer('{"choices": [{"delta": {"content": "a\\ud83db"}}]}')
    assert told[1] == TextDelta("a\ufffdb")


@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
@given(st.text(), st.data())
def test_characters_cut_in_two_are_joined(field: str, text: str, data: st.DataObject) -> None:
    """Cut between any two UTF-16 units, even inside a surrogate pair, text is the same, and never half a character."""
    units = text.encode("utf-16-le")
    halves = [chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)]
    cut = data.draw(st.integers(0, len(halves)))
    pieces = ["".join(halves[:cut]), "".join(halves[cut:]), *halves]
    told, fed = answer(*(event({field: piece}) for piece in pieces), event(finish="stop"))
    deltas = [item.text for item in told if isinstance(item, TextDelta | ThinkingDelta)]
    assert "".join(deltas) == text * 2
    assert fed.end().message.text + fed.end().message.thinking == text * 2


def test_arguments_cut_in_a_character_are_joined() -> None:
    """So are the arguments of tool calls, each call by itself."""
    pieces = [(0, '"\ud83d'), (1, '"\ud83d'), (0, '\ude00"'), (1, '\ude01"')]
    calls = [{"index": index, "function": {"name": f"f{index}", "arguments": text}} for index, text in pieces]
    _, fed = answer(*(event({"tool_calls": [call]}) for call in calls), event(finish="tool_calls"))
    found = [part.arguments for part in fed.end().message.parts if isinstance(part, ToolCall)]
    assert found == ['"\U0001f600"', '"\U0001f601"']


def test_content_in_parts() -> None:
    """Mistral's models that reason answer in lists; what is signed goes back signed, and what is unknown stays out."""
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Let me "}, {"type": "reference"}]}
    more = {"type": "thinking", "thinking": [{"type": "text", "text": "see"}], "signature": "s"}
    told, fed = answer(
        event({"content": [thinking]}),
        event({"content": [more, {"type": "image_url"}]}),
        event({"content": [{"type": "text", "text": "4"}]}),
        event({"content": "2"}, finish="stop"),
    )
    assert told[1:] == [ThinkingDelta("Let me "), ThinkingDelta("see", "s"), TextDelta("4"), TextDelta("2")]
    assert fed.end().message.parts == (Thinking("Let me see", "s", "p"), Text("42"))


def test_arguments_that_are_an_object() -> None:
    """Some servers send the arguments of a call as the object that they are."""
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": {"x": [1]}}}
    _, fed = answer(event({"tool_calls": [call]}, finish="tool_calls"))
    assert fed.end().message.parts == (ToolCall("c", "f", '{"x": [1]}'),)


@pytest.mark.parametrize("end", [json.dumps(event(finish="stop")), "[DONE]"])
def test_half_a_character_at_the_end_is_replaced(end: str) -> None:
    """A first half that no second one follows becomes a replacement character once the answer is whole."""
    told, fed = answer(event({"content": "a\ud83d"}), end)
    assert told[1:] == [TextDelta("a"), TextDelta("\ufffd")]
    assert fed.end().message.text == "a\ufffd"


def test_only_the_first_choice_is_the_answer() -> None:
    """Alternatives that nobody asked for are left out, with their reasons to stop; no index is the first."""
    told, fed = answer(
        {"choices": [{"index": 1, "delta": {"content": "B"}}, {"index": 0, "delta": {"content": "a"}}]},
        {"choices": [{"index": 1, "delta": {"content": "B"}, "finish_reason": "length"}]},
        {"choices": [{"delta": {"content": "b"}, "finish_reason": "stop"}]},
    )
    assert told[1:] == [TextDelta("a"), TextDelta("b")]
    assert (fed.end().message.text, fed.end().stop_reason) == ("ab", "end_turn")


def test_the_usage_after_the_reason_is_the_end() -> None:
    """Once the usage that was asked for follows the reason to stop, nothing more comes; beside it more may."""
    *begun, finish, usage = events("hi")
    assert not answer(*begun, {**finish, "usage": usage["usage"]})[1].finished
    assert not answer(*begun, finish)[1].finished
    assert answer(*begun, finish, usage)[1].finished


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "end_turn"),
        ("stop_sequence", "stop_sequence"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
        ("something_new", "end_turn"),
    ],
)
def test_stop_reasons(reason: str, expected: StopReason) -> None:
    """Every reason to stop has its name here, and an unknown one is an ordinary end."""
    _, fed = answer(*events("x", finish=reason))
    assert (fed.end().stop_reason, fed.end().message.stop_reason) == (expected, expected)


def test_an_empty_finish_reason_is_none() -> None:
    """Servers that send an empty reason with every chunk have not finished with the first."""
    _, fed = answer(event({"content": "x"}, finish=""))
    with pytest.raises(ProviderError, match="ended its answer early"):
        fed.end()


def test_done_without_a_reason_is_an_end() -> None:
    """Some servers say only [DONE]."""
    _, fed = answer(event({"content": "x"}), "[DONE]")
    assert fed.finished
    assert fed.end().stop_reason == "end_turn"


def test_an_answer_that_is_not_streamed() -> None:
    """A server that ignores `stream` sends one object, which means the same."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "hi", "reasoning_content": "hm", "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    told, fed = answer({"id": "1", "model": "real", "choices": [choice], "usage": {"prompt_tokens": 3}})
    assert told[0] == Start("real", "1")
    assert fed.end().message.parts == (Thinking("hm", None, "p"), Text("hi"), ToolCall("c", "f", "{}"))
    assert fed.usage
    assert fed.usage.uncached_input == 3


def test_tool_calls_without_an_index() -> None:
    """Where a server does not count its calls, pieces without a name go on with the last one, or the one named."""
    pieces: list[dict[str, Any]] = [
        {"id": "a", "function": {"name": "f", "arguments": "1"}},
        {"function": {"arguments": "2"}},
        {"id": "b", "function": {"name": "g", "arguments": "3"}},
        {"id": "a", "function": {"arguments": "4"}},
    ]
    told, fed = answer(*(event({"tool_calls": [piece]}) for piece in pieces), event(finish="tool_calls"))
    assert told[1] == ToolCallDelta(0, "a", "f", "1")
    assert fed.end().message.parts == (ToolCall("a", "f", "124"), ToolCall("b", "g", "3"))


@pytest.mark.parametrize(
    ("raw", "buckets"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, (10, 0, 0, 5)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4}}, (6, 4, 0, 0)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5}}, (1, 4, 5, 0)),
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}, (0, 3, 0, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3}}, (0, 4, 1, 0)),
        ({"prompt_tokens": 5, "completion_tokens": 2.0, "prompt_tokens_details": None}, (5, 0, 0, 2)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": None}}, (5, 0, 0, 0)),
        ({"prompt_tokens": 10**9, "prompt_tokens_details": []}, (10**9, 0, 0, 0)),
    ],
)
def test_usage_in_disjoint_buckets(raw: dict[str, Any], buckets: tuple[int, int, int, int]) -> None:
    """Cached and written tokens are taken out of the prompt's, none counts twice or below zero, and raw stays."""
    usage = read_usage(raw)
    assert usage
    assert (usage.uncached_input, usage.cache_read, usage.cache_write_short, usage.output) == buckets
    assert usage.cache_write_long == 0
    assert usage.raw == raw


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_buckets_add_up_to_the_prompt(fresh: int, read: int, written: int, output: int) -> None:
    """Whatever the parts, all input tokens together are the prompt's, so that nothing is paid for twice."""
    details = {"cached_tokens": read, "cache_write_tokens": written}
    total = fresh + read + written
    usage = read_usage({"prompt_tokens": total, "completion_tokens": output, "prompt_tokens_details": details})
    assert usage
    assert (usage.input, usage.output) == (total, output)


@pytest.mark.parametrize("count", [10**9 + 1, 10**400, -1, math.nan, math.inf, 1e300, 0.5, "7", True, [], {}])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens", "cached_tokens"])
def test_a_usage_that_cannot_be_true_is_none(count: object, name: str) -> None:
    """An absurd total makes the usage one that was not reported; nothing absurd costs any of the answer."""
    usage: dict[str, Any] = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {}}
    (usage["prompt_tokens_details"] if name == "cached_tokens" else usage)[name] = count
    _, fed = answer(*events("hi", usage=usage), "[DONE]")
    done = fed.end()
    assert done.message.text == "hi"
    assert (done.usage is None) == (name != "cached_tokens")


@pytest.mark.parametrize("usage", [{"total_tokens": 12}, {}, [1], "abc", 5, True, None])
def test_a_usage_that_is_none_is_ignored(usage: Any) -> None:
    """What says nothing of prompt or completion is no usage, and no error."""
    _, fed = answer(*events("hi", usage=None), {**event(), "usage": usage}, "[DONE]")
    assert (fed.end().message.text, fed.end().usage) == ("hi", None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.dictionaries(
            st.sampled_from(["prompt_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens"]), inner
        ),
        max_leaves=6,
    )
)
def test_any_usage_is_sane_or_none(raw: object) -> None:
    """Whatever a server reports, the buckets are tokens that add up to the prompt, or there is no usage."""
    usage = read_usage(raw)
    assert usage is None or all(0 <= count <= 10**9 for count in (*usage.buckets().values(), usage.input))


def test_the_last_usage_holds() -> None:
    """Servers that report usage with every chunk report a running total, not a part."""
    usages: list[dict[str, Any]] = [{"prompt_tokens": 5, "completion_tokens": number} for number in (1, 2, 3)]
    _, fed = answer(*(event({"content": "x"}, usage=usage) for usage in usages), event(finish="stop", usage=None))
    done = fed.end()
    assert done.usage
    assert (done.usage.input, done.usage.output) == (5, 3)


@pytest.mark.parametrize(
    ("chunk", "message", "transient"),
    [
        ({"error": {"message": "upstream died", "code": 502}}, "p broke off: upstream died", True),
        ({"error": "just words"}, "p broke off: just words", False),
        ({"x_groq": {"id": "req_1", "error": "over capacity"}}, "p broke off: over capacity", False),
        (
            {"error": {"message": "bad", "code": 400}, "choices": [{"finish_reason": "error"}]},
            "p broke off: bad",
            False,
        ),
        ({"error": {"code": "rate_limit_exceeded"}}, "p broke off", True),
        (event(finish="error"), "p broke off", False),
    ],
)
def test_an_error_in_the_stream(chunk: dict[str, Any], message: str, *, transient: bool) -> None:
    """An error among the chunks is an error, though the status was 200; what had come before it is kept."""
    usage = {"prompt_tokens": 4, "completion_tokens": 1}
    error, fed = failing(event({"content": "half"}), {**chunk, "usage": usage})
    assert (error.message, error.transient) == (message, transient)
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")
    assert fed.usage
    assert fed.usage.raw == usage


def test_an_overflow_in_the_stream() -> None:
    """llama.cpp may say only in the stream that the prompt is too long."""
    problem = {"code": 400, "message": "the request exceeds the context", "type": "exceed_context_size_error"}
    error, fed = failing({"error": problem})
    assert isinstance(error, ContextOverflowError)
    assert fed.partial is None


@pytest.mark.parametrize(
    "data",
    [
        '{"choices": [{"delta": {"content": "trunc',
        "not json",
        "",
        "[]",
        "3",
        "null",
        '{} {"second": 1}',
        '{"choices": {}, "x": 1} x',
        '{"choices": "text"}',
        '{"choices": [7]}',
        '{"choices": [{"delta": "x"}]}',
        '{"choices": [{"delta": {"content": 7}}]}',
        '{"choices": [{"delta": {"content": ["text"]}}]}',
        '{"choices": [{"delta": {"content": [{"type": "thinking", "thinking": "text"}]}}]}',
        '{"choices": [{"delta": {"tool_calls": {"a": 1}}}]}',
        '{"choices": [{"delta": {"tool_calls": [{"function": "f"}]}}]}',
        '{"choices": [{"finish_reason": 7}]}',
        "[" * 100_000,
    ],
)
def test_malformed_chunks(data: str) -> None:
    """What is no chunk of an answer is refused as such, and what came before it is kept."""
    error, fed = failing(event({"content": "half"}), data)
    assert "malformed" in error.message
    assert fed.partial == Message("assistant", (Text("half"),), "p/m", "error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
CALL = st.fixed_dictionaries({}, optional={"index": JSON, "id": JSON, "function": JSON})
CONTENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking"])}, optional={"text": JSON, "thinking": JSON, "signature": JSON}
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        "content": JSON | st.lists(CONTENT),
        "reasoning": JSON,
        "refusal": JSON,
        "tool_calls": st.lists(CALL, max_size=2),
    },
)
CHOICE = st.fixed_dictionaries({}, optional={"delta": JSON | DELTA, "message": JSON, "finish_reason": JSON})
CHUNK = st.fixed_dictionaries(
    {},
    optional={"id": JSON, "model": JSON, "choices": JSON | st.lists(CHOICE, max_size=2), "usage": JSON, "error": JSON},
)


@given(st.lists(CHUNK | JSON, max_size=4))
def test_no_chunk_confuses_the_decoder(chunks: Iterable[object]) -> None:
    """Any JSON at all gives events, or a provider error, and nothing else."""
    fed = decoder()
    try:
        for chunk in chunks:
            fed.feed(json.dumps(chunk))
        fed.end()
    except ProviderError:
        pass
    assert fed.partial is None or fed.partial.stop_reason == "error"
