"""What streamed answers of OpenRouter mean, cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cuts import cuts
from support.openrouter import ID, USAGE, event, events, refusal, thought

from agentctl import sse
from agentctl.errors import ProviderError
from agentctl.events import Done, Notice, Start, StreamEvent, TextDelta, ThinkingDelta
from agentctl.messages import Message, Part, StopReason, Text, Thinking, ToolCall, dump, load, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openrouter import details
from agentctl.providers.openrouter.answer import Answer
from agentctl.providers.openrouter.request import encode
from agentctl.settings.values import OpenRouterSettings

GOLDEN = Path(__file__).parent / "golden"
ROUTER = Capabilities("openrouter")

ANTHROPIC = {
    "type": "reasoning.text",
    "text": "Grüße: first the weather.",
    "format": "anthropic-claude-v1",
    "index": 0,
    "signature": "EqQBCkgIBhABGAIiQ+/a==",
}
SUMMARY = {"type": "reasoning.summary", "summary": "**Thinking**", "format": "openai-responses-v1", "index": 0}
HIDDEN = {
    "type": "reasoning.encrypted", "data": "gAAAAABo+/=", "format": "openai-responses-v1", "id": "rs_0a1", "index": 0,
}  # fmt: skip
GEMINI = {"type": "reasoning.text", "text": "Hm", "format": "google-gemini-v1", "index": 0}
LATE = {
    "type": "reasoning.encrypted", "data": "CiQB0e2K+/8=", "format": "google-gemini-v1", "id": "tool_0_w", "index": 0,
}  # fmt: skip
MINIMAX = {"type": "reasoning.text", "text": "We need", "index": 0, "format": None}


def signed(text: str, *blocks: Mapping[str, Any]) -> Thinking:
    return Thinking(text, details.dump(blocks), "openrouter")


EXPECTED: dict[str, tuple[tuple[Part, ...], StopReason, str | None, list[Mapping[str, Any]]]] = {
    "anthropic-tools": (
        (
            signed("Grüße: first the weather.", ANTHROPIC),
            Text("Let me look."),
            ToolCall("toolu_1", "weather", '{"city":"Oslo"}'),
            ToolCall("toolu_2", "time", "{}"),
        ),
        "tool_use",
        "0.0414",
        [ANTHROPIC],
    ),
    "openai-summary": ((signed("**Thinking**", SUMMARY, HIDDEN), Text("42")), "end_turn", "0.00115", [SUMMARY, HIDDEN]),
    "gemini-late-signature": (
        (signed("Hm", GEMINI), Text("Yes"), ToolCall("tool_0_w", "weather", "{}"), signed("", LATE)),
        "tool_use",
        "0.0022",  # with what the user's own key at Google was billed
        [LATE],
    ),
    "minimax-limit-error": ((signed("We need", MINIMAX),), "max_tokens", "0", [MINIMAX]),
}


def decode(*chunks: bytes) -> tuple[list[StreamEvent], Done]:
    """The events of a stream that comes in these chunks, and its end."""
    frames, answer = sse.Decoder(), Answer(ROUTER, "m")
    found = [told for chunk in chunks for frame in frames.feed(chunk) for told in answer.feed(frame.data)]
    return found, answer.end()


def fed(*payloads: Mapping[str, Any], model: str = "m", fallbacks: tuple[str, ...] = ()) -> list[StreamEvent]:
    answer = Answer(ROUTER, model, fallbacks)
    return [told for payload in payloads for told in answer.feed(json.dumps(payload))]


def test_every_golden_stream_is_expected() -> None:
    """No recorded stream lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams(name: str) -> None:
    """Streams mean what they should: parts, signed blocks, reason to stop, and what was charged."""
    _, done = decode((GOLDEN / f"{name}.sse").read_bytes())
    parts, reason, cost, _ = EXPECTED[name]
    assert done.message == Message("assistant", parts, "openrouter/m", reason)
    assert done.usage
    assert done.usage.reported == Decimal(cost or 0)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams_however_they_are_split(name: str) -> None:
    """A stream cut in two, or into single bytes, gives the same events."""
    stream = (GOLDEN / f"{name}.sse").read_bytes()
    whole = decode(stream)
    assert all(decode(stream[:cut], stream[cut:]) == whole for cut in cuts(stream))
    assert decode(*(bytes([byte]) for byte in stream)) == whole


@pytest.mark.parametrize("name", EXPECTED)
def test_reasoning_goes_back_as_it_came(name: str) -> None:
    """Stored, loaded and sent with the next request, the blocks are those that came, byte for byte."""
    message = load(dump(decode((GOLDEN / f"{name}.sse").read_bytes())[1].message))
    body = encode(Request("m", (user("hi"), message)), ROUTER, OpenRouterSettings("", ""))
    turn = body["messages"][1] if len(body["messages"]) > 1 else None
    blocks = EXPECTED[name][3]
    if turn is None:
        assert name == "minimax-limit-error"  # an answer without a word is no turn
    else:
        assert json.dumps(turn["reasoning_details"], sort_keys=True) == json.dumps(blocks, sort_keys=True)


def test_the_service_tier_is_read_from_the_chunk() -> None:
    """OpenRouter tells beside the usage how the call was served."""
    usage = decode((GOLDEN / "openai-summary.sse").read_bytes())[1].usage
    assert usage
    assert usage.service_tier == "flex"
    assert usage.details == {"reasoning": 60}


def test_the_first_event_names_who_answers() -> None:
    """The model is the one that OpenRouter names, not the one that was asked."""
    start, *_ = fed(*events("Hi"), model="openrouter/auto")
    assert start == Start("anthropic/claude-sonnet-5.5", ID)


@pytest.mark.parametrize(
    ("model", "fallbacks"), [("openai/gpt-5", ("anthropic/claude-sonnet-5.5",)), ("openrouter/auto", ())]
)
def test_the_user_is_told_who_answers_in_place_of_another(model: str, fallbacks: tuple[str, ...]) -> None:
    """A fallback, or what a router chose, is told once, before the first word, with the provider behind it."""
    told = fed(*events("Hel", "lo"), model=model, fallbacks=fallbacks)
    notice = Notice(f"anthropic/claude-sonnet-5.5 answers at Anthropic, in place of {model}")
    assert told[1:4] == [notice, TextDelta("Hel"), TextDelta("lo")]
    assert told.count(notice) == 1


def test_another_name_of_the_same_model_is_no_news() -> None:
    """A model that answers under a dated name is the one that was asked."""
    told = fed(*events("Hi"), model="anthropic/claude-sonnet-latest", fallbacks=("openai/gpt-5",))
    assert not any(isinstance(event, Notice) for event in told)


def test_reasoning_that_is_only_text_is_shown() -> None:
    """Not every model behind OpenRouter has blocks."""
    told = fed(event({"reasoning": "hm"}), event({"content": "x"}))
    assert told[1:] == [ThinkingDelta("hm"), TextDelta("x")]


def test_readable_blocks_without_text_of_their_own_are_shown() -> None:
    """Where the text stands only in the blocks, it is taken from there."""
    delta = {"reasoning_details": [thought("a")["reasoning_details"][0], SUMMARY]}
    assert fed(event(delta))[1:] == [ThinkingDelta("a**Thinking**")]


def test_an_answer_cut_short_keeps_its_thoughts_and_sends_no_unsigned_ones() -> None:
    """What Anthropic and Google have not signed they would refuse."""
    answer = Answer(ROUTER, "m")
    for delta in (thought("half a thou"), {"content": "x"}):
        answer.feed(json.dumps(event(delta)))
    partial = answer.partial
    assert partial
    assert partial.thinking == "half a thou"
    turn = encode(Request("m", (partial,)), ROUTER, OpenRouterSettings("", ""))["messages"][0]
    assert turn == {"role": "assistant", "content": "x"}


def test_an_error_in_the_stream_keeps_what_came_and_its_usage() -> None:
    """A chunk with an error ends the answer; what it used is known, and the words of the provider behind are shown."""
    answer = Answer(ROUTER, "m")
    answer.feed(json.dumps(event({"content": "Hel"})))
    error = refusal(502, "Provider returned error", provider_name="DeepInfra", raw='{"error": {"message": "boom"}}')
    with pytest.raises(
        ProviderError, match=r"openrouter broke off: Provider returned error \(DeepInfra: boom\)"
    ) as told:
        answer.feed(json.dumps(event({"content": ""}, finish="error", usage=USAGE, **error)))
    assert told.value.told
    assert told.value.transient
    assert answer.usage
    assert answer.usage.reported == Decimal("0.0414")
    assert answer.partial
    assert answer.partial.text == "Hel"


def test_a_finish_of_error_alone_is_an_error() -> None:
    """Also where the chunk does not say what it was."""
    with pytest.raises(ProviderError, match="openrouter broke off"):
        fed(event(finish="error"))


def test_a_long_thought_weighs_little() -> None:
    """Thousands of pieces are one block in the end."""
    answer = Answer(ROUTER, "m")
    for number in range(2_000):
        answer.feed(json.dumps(event(thought(f"{number} "))))
    answer.feed(json.dumps(event(finish="stop")))
    (part,) = answer.end().message.parts
    assert isinstance(part, Thinking)
    (block,) = details.load(part.signature)
    assert block["text"] == part.text == "".join(f"{number} " for number in range(2_000))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "signature", "index", "id", "reasoning", "reasoning_details", "content", "tool_calls"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"delta": JSON}), max_size=2)})))
def test_nonsense_is_an_error_of_the_provider(payloads: list[dict[str, Any]]) -> None:
    """Any JSON in a delta is an answer, or a ProviderError."""
    answer = Answer(ROUTER, "m")
    try:
        for payload in payloads:
            answer.feed(json.dumps(payload))
    except ProviderError:
        pass
    assert answer.partial is None or answer.partial.role == "assistant"
