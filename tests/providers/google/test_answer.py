"""What answers of Gemini mean, streamed and whole, cut anywhere."""

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
from support.gemini import USAGE, call, response, responses, text

from agentctl import sse
from agentctl.errors import ContextOverflowError, ProviderError
from agentctl.events import Done, Notice, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Part, StopReason, Text, Thinking, ToolCall, dump, load, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.google import GenerateContent
from agentctl.providers.google.answer import Decoder

GOLDEN = Path(__file__).parent / "golden"
CODEC = GenerateContent(Capabilities("google", signatures="provider"))


@dataclass(frozen=True)
class Expected:
    """What a golden stream says."""

    start: Start
    parts: tuple[Part, ...]
    stop_reason: StopReason
    usage: tuple[int, int, int]  # uncached, read, output
    notices: tuple[str, ...] = ()


def thinking(words: str, signature: str | None = None) -> Thinking:
    return Thinking(words, signature, "google")


PRO = Start("gemini-3.1-pro-preview", "vQwhab3mJqOvvdIP9P-V4AE")
EXPECTED = {
    "gemini-3-tools": Expected(
        PRO,
        (
            thinking("**Checking Two Cities**\n\nI need the weather of both."),
            ToolCall("rn5q2k1c", "weather", '{"city": "Oslo", "days": 2}', "EtEDCs4DAXLI2nxL0Wd2+mB/8Q=="),
            ToolCall("8zq0x7ha", "weather", '{"city": "Zürich"}'),
        ),
        "tool_use",
        (1024, 4096, 124),
    ),
    "gemini-3-text": Expected(
        PRO,
        (
            thinking("**Reading the Results**\n\nBoth are there."),
            Text("Oslo is cold 🙂, Zürich is mild.", ""),
            Text("", "CiQBcsjafK9q+Zx0v/A="),
        ),
        "end_turn",
        (310, 0, 43),
    ),
    "gemini-2.5": Expected(
        Start("gemini-2.5-flash", "r25"),
        (Text("Two calls."), ToolCall("call_r25_0", "now", "{}"), ToolCall("call_r25_1", "now", '{"zone": "UTC"}')),
        "tool_use",
        (9, 0, 36),
    ),
    "gemini-blocked": Expected(
        Start("gemini-2.5-flash", "blk"),
        (),
        "refusal",
        (15, 0, 0),
        ("google does not answer this: PROHIBITED_CONTENT",),
    ),
    "gemini-safety": Expected(
        Start("gemini-2.5-flash", "saf"),
        (Text("First, you"),),
        "refusal",
        (15, 0, 3),
        ("google stopped its answer: SAFETY",),
    ),
    "aimock-text": Expected(Start("m"), (Text("Hello! How can I help you today?"),), "end_turn", (0, 0, 0)),
    "aimock-tools": Expected(
        Start("m"),
        (
            thinking("The user wants the weather; two cities."),
            ToolCall("call_a", "weather", '{"city": "Oslo"}'),
            ToolCall("call_1", "weather", '{"city": "Zürich"}'),
        ),
        "tool_use",
        (0, 0, 0),
    ),
    "llmock-text": Expected(
        Start("gemini-2.5-pro"),
        (Text("Simulated answer from gemini-2.5-pro for 'hello'."),),
        "end_turn",
        (1, 0, 12),
    ),
}


def decoder() -> Decoder:
    return CODEC.decoder(Request("m", ()))


def decode(*chunks: bytes) -> list[StreamEvent]:
    """The events of a stream that comes in these chunks."""
    frames, answer = sse.Decoder(), decoder()
    found = [told for chunk in chunks for frame in frames.feed(chunk) for told in answer.feed(frame.data)]
    return [*found, answer.end()]


def answer(*payloads: Any) -> tuple[list[StreamEvent], Decoder]:
    """The events of these payloads, and the decoder that told them."""
    fed = decoder()
    texts = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
    return [told for text in texts for told in fed.feed(text)], fed


def parts(*payloads: Any) -> tuple[Part, ...]:
    """What the message of an answer with these payloads is made of."""
    return answer(*payloads)[1].end().message.parts


def failing(*payloads: Any) -> tuple[ProviderError, Decoder]:
    """The error to which the last of these payloads leads, and the decoder."""
    fed = decoder()
    *before, last = [item if isinstance(item, str) else json.dumps(item) for item in payloads]
    for words in before:
        fed.feed(words)
    with pytest.raises(ProviderError) as caught:
        fed.feed(last)
    return caught.value, fed


def variants(stream: bytes) -> Iterator[bytes]:
    """The same stream as other servers write it."""
    plain = stream.replace(b"\r\n", b"\n")
    yield stream
    yield plain
    yield b"\xef\xbb\xbf" + plain.replace(b"data: ", b"data:").replace(b"\n", b"\r")


def check(told: list[StreamEvent], expected: Expected) -> None:
    start, *_, done = told
    assert start == expected.start
    assert isinstance(done, Done)
    assert done.message == Message("assistant", expected.parts, "google/m", expected.stop_reason)
    assert done.stop_reason == expected.stop_reason
    assert done.usage
    assert (done.usage.uncached_input, done.usage.cache_read, done.usage.output) == expected.usage
    assert tuple(event.text for event in told if isinstance(event, Notice)) == expected.notices


def test_every_golden_stream_is_expected() -> None:
    """No recorded stream lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.sse")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_golden_streams(name: str) -> None:
    """Streams as servers send them mean what they should, however the lines end."""
    for stream in variants((GOLDEN / f"{name}.sse").read_bytes()):
        check(decode(stream), EXPECTED[name])


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
def test_golden_streams_as_an_array(name: str) -> None:
    """A server that ignores `alt=sse` sends the same responses as one array, which means the same."""
    lines = (GOLDEN / f"{name}.sse").read_text().split("\n")
    told, fed = answer([json.loads(line.removeprefix("data: ")) for line in lines if line.strip()])
    check([*told, fed.end()], EXPECTED[name])


def test_an_array_as_a_server_sends_it() -> None:
    """So does a server of others."""
    told, fed = answer((GOLDEN / "llmock-array.json").read_text())
    check([*told, fed.end()], EXPECTED["llmock-text"])


def test_an_answer_that_is_not_streamed() -> None:
    """One response with all of it means the same too."""
    told, fed = answer(response(text("hm", thought=True), text("hi"), call("f", {"x": 1}), finish="STOP", usage=USAGE))
    assert told[0] == Start("gemini-3.8-flash", "r-1")
    assert fed.end().message.parts == (thinking("hm"), Text("hi"), ToolCall("call_r-1_0", "f", '{"x": 1}'))
    assert fed.response_id == "r-1"


def test_events_of_each_kind() -> None:
    """Thoughts, text and calls come as they are sent, a call with all of its arguments."""
    told, _ = answer(*responses(text("hm", "s1", thought=True), text("hi", "s2"), call("f", {}, "c1", "s3")))
    assert told[1:] == [
        ThinkingDelta("hm", "s1"),
        TextDelta("hi", "s2"),
        ToolCallDelta(0, "c1", "f", "{}", "s3"),
    ]


@pytest.mark.parametrize("thought", [False, True])
def test_signed_and_unsigned_parts_are_not_merged(*, thought: bool) -> None:
    """A signature stays with the very text that it came with, whatever stands before and after it."""
    row = [text("a", thought=thought), text("b", thought=thought), text("c", "s1", thought=thought),
           text("d", "s2", thought=thought), text("e", thought=thought), text("", "s3", thought=thought)]  # fmt: skip
    found = [
        (part.text, part.signature or None) for part in parts(*responses(*row)) if isinstance(part, Text | Thinking)
    ]
    assert found == [("ab", None), ("c", "s1"), ("d", "s2"), ("e", None), ("", "s3")]


def test_a_signature_alone() -> None:
    """A part that is but a signature is text without a word."""
    assert parts(*responses(call("f", id_="c"), {"thoughtSignature": "s"}))[1] == Text("", "s")


KINDS = st.sampled_from([(False, None), (False, "s1"), (True, None), (True, "s2")])


@given(st.lists(st.tuples(KINDS, st.text(max_size=4)), max_size=8))
def test_a_conversation_goes_back_as_it_came(row: list[tuple[tuple[bool, str | None], str]]) -> None:
    """Stored, loaded and sent again, every signed part is the one that came; unsigned text is whole and in place."""
    sent = [text(words, signature, thought=thought) for (thought, signature), words in row]
    message = load(dump(answer(*responses(*sent))[1].end().message))
    body = CODEC.encode(Request("m", (user("hi"), message)))
    back = [part for content in body["contents"][1:] for part in content["parts"]]
    signed = [part for part in back if "thoughtSignature" in part]
    assert signed == [part for part in sent if "thoughtSignature" in part]
    assert "".join(part["text"] for part in back if "thought" not in part) == "".join(
        part["text"] for part in sent if "thought" not in part
    )


def test_signed_calls_go_back_as_they_came() -> None:
    """A call with its id and signature survives being stored, and a call without a signature gets none."""
    sent = [call("f", {"x": [1, 2.5, None, "é"]}, "c1", "sig+/=="), call("g", {}, "c2")]
    message = load(dump(answer(*responses(*sent))[1].end().message))
    assert CODEC.encode(Request("gemini-3.8-flash", (user("hi"), message)))["contents"][1] == {
        "role": "model",
        "parts": sent,
    }


def test_calls_without_ids_get_one_each() -> None:
    """Calls to the same tool, in one response or in several, are told apart, also from one whose id came twice."""
    found = parts(*responses(call("f", {"x": 1}), call("f", {"x": 1}), call("g", id_="a"), call("g", id_="a")))
    ids = [part.id for part in found if isinstance(part, ToolCall)]
    assert ids == ["call_r-1_0", "call_r-1_1", "a", "call_r-1_3"]


@pytest.mark.parametrize("bare", [{"name": "f"}, {"name": "f", "args": None}, {"name": "f", "args": {}}])
def test_a_call_without_arguments(bare: dict[str, Any]) -> None:
    """No arguments are an empty object."""
    assert parts(*responses({"functionCall": bare})) == (ToolCall("call_r-1_0", "f", "{}"),)


@pytest.mark.parametrize(
    ("reason", "expected", "notice"),
    [
        ("STOP", "end_turn", None),
        ("MAX_TOKENS", "max_tokens", None),
        ("CONTINUATION", "max_tokens", None),
        ("FUNCTION_CALL", "tool_use", None),
        ("SAFETY", "refusal", "SAFETY"),
        ("RECITATION", "refusal", "RECITATION"),
        ("LANGUAGE", "refusal", "LANGUAGE"),
        ("BLOCKLIST", "refusal", "BLOCKLIST"),
        ("PROHIBITED_CONTENT", "refusal", "PROHIBITED_CONTENT"),
        ("SPII", "refusal", "SPII"),
        ("MODEL_ARMOR", "refusal", "MODEL_ARMOR"),
        ("ESCALATION", "refusal", "ESCALATION"),
        ("IMAGE_SAFETY", "refusal", "IMAGE_SAFETY"),
        ("IMAGE_PROHIBITED_CONTENT", "refusal", "IMAGE_PROHIBITED_CONTENT"),
        ("IMAGE_RECITATION", "refusal", "IMAGE_RECITATION"),
        ("SOMETHING_NEW", "end_turn", "SOMETHING_NEW"),
    ],
)
def test_stop_reasons(reason: str, expected: StopReason, notice: str | None) -> None:
    """Every reason to stop has its name here, and one that the user can't see from the answer is told."""
    told, fed = answer(*responses(text("x"), finish=reason))
    assert (fed.end().stop_reason, fed.end().message.stop_reason) == (expected, expected)
    notices = [event.text for event in told if isinstance(event, Notice)]
    assert notices == ([f"google stopped its answer: {notice}"] if notice else [])


def test_calls_are_the_reason_to_stop() -> None:
    """The API says STOP for calls too; cut off or refused, an answer is what it is though it has calls."""
    assert answer(*responses(call("f")))[1].end().stop_reason == "tool_use"
    assert answer(*responses(call("f"), finish="MAX_TOKENS"))[1].end().stop_reason == "max_tokens"
    assert answer(*responses(call("f"), finish="SAFETY"))[1].end().stop_reason == "refusal"


def test_words_about_the_reason_are_shown() -> None:
    """What the API says beside its reason is told, fit for a terminal."""
    end = response(finish="SAFETY")
    end["candidates"][0]["finishMessage"] = "dangerous\x1b[2J\n content"
    assert answer(end)[0][1] == Notice("google stopped its answer: SAFETY: dangerous[2J content")


@pytest.mark.parametrize(
    ("reason", "transient"),
    [
        ("MALFORMED_FUNCTION_CALL", True),
        ("UNEXPECTED_TOOL_CALL", True),
        ("MALFORMED_RESPONSE", True),
        ("OTHER", True),
        ("IMAGE_OTHER", True),
        ("NO_IMAGE", True),
        ("TOO_MANY_TOOL_CALLS", False),
        ("MISSING_THOUGHT_SIGNATURE", False),
        ("PUP_LIMITED_DISABLED", False),
    ],
)
def test_a_failure_of_the_model(reason: str, *, transient: bool) -> None:
    """A model that fails has not answered: what there was of it is kept, with what it has used."""
    error, fed = failing(response(text("half")), response(finish=reason, usage=USAGE))
    assert reason in error.message
    assert error.hint
    assert (error.transient, error.told) == (transient, True)
    assert fed.partial == Message("assistant", (Text("half"),), "google/m", "error")
    assert fed.usage
    assert fed.usage.output == 3


@pytest.mark.parametrize("unset", ["", "FINISH_REASON_UNSPECIFIED", None])
def test_a_reason_that_is_none(unset: str | None) -> None:
    """An answer without a reason to stop has not ended."""
    begun = response(text("x"))
    begun["candidates"][0]["finishReason"] = unset
    _, fed = answer(begun)
    assert not fed.whole
    with pytest.raises(ProviderError, match="google ended its answer early") as caught:
        fed.end()
    assert caught.value.transient


def test_text_after_a_reason_is_kept() -> None:
    """Older models give their reason to stop with every response; only the end of the stream is the end."""
    _, fed = answer(response(text("a"), finish="STOP", usage=USAGE), response(text("b"), finish="STOP", usage=USAGE))
    assert (fed.end().message.text, fed.whole, fed.finished) == ("ab", True, False)


def test_done_without_a_reason_is_an_end() -> None:
    """Gateways that end every stream like OpenAI's are understood."""
    _, fed = answer(response(text("x")), "[DONE]")
    assert fed.finished
    assert fed.end().stop_reason == "end_turn"


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "IMAGE_SAFETY", "JAILBREAK", "SOMETHING_NEW"])
def test_a_blocked_prompt(reason: str) -> None:
    """A prompt that is not answered is a refusal with its reason, and what it has used is known."""
    blocked = {"promptFeedback": {"blockReason": reason, "blockReasonMessage": "why"}, "usageMetadata": USAGE}
    told, fed = answer(blocked)
    assert told == [Start("m", None), Notice(f"google does not answer this: {reason}: why")]
    done = fed.end()
    assert (done.message.parts, done.stop_reason, bool(done.usage)) == ((), "refusal", True)


def test_feedback_on_a_prompt_that_is_answered() -> None:
    """Ratings of a prompt block nothing."""
    rated = {**response(text("x"), finish="STOP"), "promptFeedback": {"safetyRatings": [{"probability": "LOW"}]}}
    assert answer(rated)[1].end().stop_reason == "end_turn"


def test_only_the_first_candidate_counts() -> None:
    """Alternatives are left out, whatever their order."""
    chunk = response(text("x"), finish="STOP")
    other = {"index": 1, "content": {"parts": [text("y")]}, "finishReason": "MAX_TOKENS"}
    chunk["candidates"] = [other, *chunk["candidates"]]
    done = answer(chunk, {"candidates": [other]})[1].end()
    assert (done.message.text, done.stop_reason) == ("x", "end_turn")


@pytest.mark.parametrize("empty", [{"candidates": []}, {}, {"candidates": [{}]}, {"candidates": [{"content": {}}]}])
def test_responses_without_words(empty: dict[str, Any]) -> None:
    """A response that says nothing yet is no trouble."""
    assert answer(empty, *responses(text("x")), empty)[1].end().message.text == "x"


def test_an_image_in_an_answer() -> None:
    """There is no place for an image in an answer, but a word that it came, without the signature of the image."""
    image = {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}, "thoughtSignature": "s"}
    assert parts(*responses(text("see: "), image)) == (Text("see: [image/png of 5 bytes, which can't be kept here]"),)


def test_unknown_parts_and_fields_are_ignored() -> None:
    """What the API may add one day does not get in the way."""
    new = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s"}
    assert parts(*responses(text("a"), new, {**text("b"), "partMetadata": {}}, novelty=[1])) == (Text("ab"),)


def test_halves_of_a_character() -> None:
    """A character that is cut in two is told once it is whole; half of one stands for nothing, and is never kept."""
    pieces = [text("\ud83d"), text("\ude42 a\ud83d"), text("b", "s"), text("\ud83d"), call("f\ud83d", {"x": "\ud83d"})]
    assert parts(*responses(*pieces)) == (
        Text("🙂 a\ufffd", ""),
        Text("b", "s"),
        Text("\ufffd"),
        ToolCall("call_r-1_0", "f\ufffd", '{"x": "\ufffd"}'),
    )


def test_half_a_character_does_not_wait_for_another_part() -> None:
    """Text goes on with text alone: what thoughts come between has ended."""
    row = [text("a\ud83d"), text("hm\ud83d", thought=True), text("\ude42")]
    assert parts(*responses(*row)) == (Text("a\ufffd"), thinking("hm\ufffd"), Text("\ufffd"))


def test_an_answer_has_begun_with_its_first_candidate() -> None:
    """What came as JSON and broke off is billed only if there was an answer in it."""
    assert answer(response())[1].begun
    assert not answer({"modelVersion": "m"})[1].begun


def test_usage_is_the_last_that_was_told() -> None:
    """Each response tells what is used so far; cached tokens, thoughts and what tools gave are in their own buckets."""
    last = {"promptTokenCount": 250_000, "cachedContentTokenCount": 200_000, "candidatesTokenCount": 500,
            "thoughtsTokenCount": 1500, "toolUsePromptTokenCount": 70, "totalTokenCount": 252_070,
            "trafficType": "ON_DEMAND_PRIORITY"}  # fmt: skip
    _, fed = answer(response(text("a"), usage={"promptTokenCount": 250_000}), response(finish="STOP", usage=last))
    usage = fed.end().usage
    assert usage
    assert (usage.uncached_input, usage.cache_read, usage.output) == (50_070, 200_000, 2000)
    assert (usage.service_tier, usage.raw) == ("priority", last)


def test_a_usage_that_is_none_does_not_hide_one() -> None:
    """A response without a usage, or with one that can't be true, leaves the last one standing."""
    nonsense: list[Any] = [None, {}, {"promptTokenCount": -1}, {"promptTokenCount": 10**400}, [], "x"]
    chunks = [{**response(text("a")), "usageMetadata": usage} for usage in nonsense]
    usage = answer(response(usage=USAGE), *chunks, response(finish="STOP"))[1].end().usage
    assert usage
    assert usage.raw == USAGE


@pytest.mark.parametrize(
    ("chunk", "message", "transient"),
    [
        (
            {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}},
            "google broke off: overloaded",
            True,
        ),
        ([{"error": {"code": 500, "message": "oops", "status": "INTERNAL"}}], "google broke off: oops", True),
        ({"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}, "google broke off: bad", False),
    ],
)
def test_an_error_in_the_stream(chunk: Any, message: str, *, transient: bool) -> None:
    """An error among the responses is an error, though the status was 200; what had come before it is kept."""
    error, fed = failing(response(text("half"), usage=USAGE), chunk)
    assert (error.message, error.transient, error.told) == (message, transient, True)
    assert fed.partial == Message("assistant", (Text("half"),), "google/m", "error")
    assert fed.usage
    assert fed.usage.raw == USAGE


def test_an_error_in_an_array_keeps_what_came_before() -> None:
    """Of a stream in one piece that ends in an error, the beginning is kept."""
    error, fed = failing([response(text("half")), {"error": {"code": 503, "message": "busy"}}])
    assert error.transient
    assert fed.partial == Message("assistant", (Text("half"),), "google/m", "error")


def test_an_overflow_in_the_stream() -> None:
    """An overflow is one wherever it is told."""
    long = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    error, fed = failing({"error": {"code": 400, "message": long, "status": "INVALID_ARGUMENT"}})
    assert isinstance(error, ContextOverflowError)
    assert fed.partial is None


@pytest.mark.parametrize(
    "data",
    [
        '{"candidates": [{"content": {"par',
        "not json",
        "",
        "3",
        "null",
        "[3]",
        "[[]]",
        '{} {"second": 1}',
        '{"candidates": {"a": 1}}',
        '{"candidates": "text"}',
        '{"candidates": [7]}',
        '{"candidates": [{"content": "x"}]}',
        '{"candidates": [{"content": {"parts": "x"}}]}',
        '{"candidates": [{"content": {"parts": ["x"]}}]}',
        '{"candidates": [{"content": {"parts": [{"text": 7}]}}]}',
        '{"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": 7}]}}]}',
        '{"candidates": [{"content": {"parts": [{"functionCall": "f"}]}}]}',
        '{"candidates": [{"content": {"parts": [{"functionCall": {"name": 7}}]}}]}',
        '{"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": "x"}}]}}]}',
        '{"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"x": NaN}}}]}}]}',
        '{"candidates": [{"content": {"parts": [{"inlineData": "x"}]}}]}',
        '{"candidates": [{"finishReason": 7}]}',
        '{"promptFeedback": "x"}',
        '{"promptFeedback": {"blockReason": 7}}',
        "[" * 100_000,
    ],
)
def test_malformed_responses(data: str) -> None:
    """What is no response is refused as such, and what came before it is kept."""
    error, fed = failing(response(text("half")), data)
    assert "malformed" in error.message
    assert fed.partial == Message("assistant", (Text("half"),), "google/m", "error")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
CALL = st.fixed_dictionaries({}, optional={"id": JSON, "name": st.text() | JSON, "args": JSON})
PART = st.fixed_dictionaries(
    {},
    optional={
        "text": st.text() | JSON,
        "thought": JSON,
        "thoughtSignature": st.text() | JSON,
        "functionCall": CALL | JSON,
        "inlineData": JSON,
    },
)
CONTENT = st.fixed_dictionaries({}, optional={"parts": st.lists(PART, max_size=3) | JSON, "role": JSON})
REASON = st.sampled_from(["STOP", "SAFETY", "OTHER", "MAX_TOKENS"]) | st.text()
CANDIDATE = st.fixed_dictionaries(
    {}, optional={"content": CONTENT | JSON, "finishReason": REASON | JSON, "index": JSON, "finishMessage": JSON}
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        "candidates": st.lists(CANDIDATE, max_size=2) | JSON,
        "promptFeedback": st.fixed_dictionaries(
            {}, optional={"blockReason": REASON | JSON, "blockReasonMessage": JSON}
        ),
        "usageMetadata": JSON,
        "modelVersion": JSON,
        "responseId": JSON,
    },
)


@given(st.lists(RESPONSE | st.lists(RESPONSE, max_size=2) | JSON, max_size=4))
def test_no_response_confuses_the_decoder(chunks: Iterable[object]) -> None:
    """Any JSON at all gives events, or a provider error, and nothing else; what is kept can be stored."""
    fed = decoder()
    try:
        for chunk in chunks:
            fed.feed(json.dumps(chunk))
        fed.end()
    except ProviderError:
        pass
    assert fed.partial is None or load(dump(fed.partial)) == fed.partial


def test_a_long_answer_is_no_heavier_than_its_text() -> None:
    """Ten thousand pieces are one part in the end."""
    _, fed = answer(*(response(text("ab")) for _ in range(10_000)), response(finish="STOP"))
    assert fed.end().message.parts == (Text("ab" * 10_000),)
