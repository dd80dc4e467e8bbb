"""The event stream decoder against a naive reference, at every split."""

from __future__ import annotations

import re
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.sse import Decoder, MalformedStreamError, ServerSentEvent

LINES = st.sampled_from(
    [
        "data: hello",
        "data:hello",
        "data:  two spaces",
        "data",
        "data:",
        "data: a:b: c",
        'data: {"choices": [{"delta": {"content": "é🙂\\u2028"}}]}',
        "data: \u2028\u0085\x0b\x1c not line ends",
        ": a comment",
        ":",
        "event: ping",
        "event",
        "id: 7",
        "id",
        "id: a\0b",
        "retry: 10",
        "nonsense",
        "dat\ufeffa: x",
        "\ufeffdata: a mark that is not the first",
        "",
        "",
    ]
)
ENDS = st.sampled_from(["\n", "\r", "\r\n"])
STREAMS = st.builds(
    lambda mark, lines, tail: (mark + "".join(line + end for line, end in lines) + tail).encode(),
    st.sampled_from(["", "\ufeff", "\ufeff\ufeff"]),
    st.lists(st.tuples(LINES, ENDS), max_size=30),
    st.sampled_from(["", "data: cut", "da", "\r"]),
)


def reference(stream: bytes) -> list[ServerSentEvent]:
    """The standard's algorithm, written down without a thought for speed or chunks."""
    lines = re.split("\r\n|\r|\n", stream.decode().removeprefix("\ufeff"))
    events: list[ServerSentEvent] = []
    data: list[str] = []
    event = last_id = ""
    for line in lines[:-1]:  # what follows the last line end is no line
        if line == "":
            if data:
                events.append(ServerSentEvent("\n".join(data), event or "message", last_id))
            data, event = [], ""
            continue
        name, value = line.split(":", 1) if ":" in line else (line, "")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


def decode(*chunks: bytes, limit: int = 1 << 20) -> list[ServerSentEvent]:
    decoder = Decoder(limit)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@given(STREAMS)
@example(b"data: a\r\n\r\n")
@example(b"data: a\n\ndata: b\n\n")
def test_agrees_with_the_standard(stream: bytes) -> None:
    """A stream decoded at once gives what the standard's own algorithm gives."""
    assert decode(stream) == reference(stream)


@given(STREAMS, st.data())
def test_any_chunking_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    """Where the bytes are cut makes no difference, empty chunks included."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert decode(*chunks) == reference(stream)


@given(STREAMS)
def test_byte_by_byte_gives_the_same_events(stream: bytes) -> None:
    """Even single bytes, which cut CRLF, the mark and characters in two, give the same events."""
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == reference(stream)


def test_the_plain_event_in_one_chunk() -> None:
    """The form that nearly every server sends keeps the id that came before it."""
    assert decode(b"id: 4\n\n", b"data: x\n\n", b"data: y\n\n") == [("x", "message", "4"), ("y", "message", "4")]


@pytest.mark.parametrize(
    "chunks",
    [
        (b"data: a\rdata: b\n\n",),
        (b"event: e\n", b"data: a\n\n"),
        (b"data: a\n", b"data: b\n\n"),
        (b"data: a\r", b"data: b\n\n", b"\n", b"data: c\n\n"),
        (b": \r", b"data: a\n\n", b"\ndata: b\n\n"),
        (b"dat", b"data: a\n\n"),
        (b"data: a\n\n\n",),
        (b"data: \n\n",),
    ],
)
def test_chunks_that_look_like_plain_events(chunks: tuple[bytes, ...]) -> None:
    """The short way for plain events is not taken where the chunk is more, or only goes on."""
    assert decode(*chunks) == reference(b"".join(chunks))


@pytest.mark.parametrize("chunks", [(b"data: \xff\n\n",), (b"data: \xe9", b"\n\n"), (b"\xc3\x28: x\n",)])
def test_bytes_that_are_not_utf_8_are_refused(chunks: tuple[bytes, ...]) -> None:
    """No byte is replaced in silence: the decoder says that this is not UTF-8."""
    with pytest.raises(MalformedStreamError, match="UTF-8"):
        decode(*chunks)


@pytest.mark.parametrize(
    "piece",
    [b"data: " + b"x" * 90, b"x" * 90, b": comment", b"data: x\n", b"data\n"],
    ids=["data", "junk", "comment", "many lines", "many empty lines"],
)
def test_an_endless_event_is_refused(piece: bytes) -> None:
    """What a server can make the decoder hold has a bound, whether in one line or in many."""
    with pytest.raises(MalformedStreamError, match="more than 1,000 bytes"):
        decode(*[piece] * 1_000, limit=1_000)


def test_a_plain_event_above_the_limit_is_refused() -> None:
    """The bound also holds for an event that comes in one chunk."""
    with pytest.raises(MalformedStreamError, match="more than 100 bytes"):
        decode(b"data: " + b"x" * 100 + b"\n\n", limit=100)


@pytest.mark.parametrize("bad", [b"data: \xff\n\n", b"data: " + b"x" * 200 + b"\n\n"])
def test_what_came_before_nonsense_is_told(bad: bytes) -> None:
    """Events in the same bytes as one that is none are told first: how a network cuts a stream changes nothing."""
    found = iter(Decoder(100).feed(b"data: a\n\ndata: b\n\n" + bad + b"data: c\n\n"))
    assert [next(found).data, next(found).data] == ["a", "b"]
    with pytest.raises(MalformedStreamError):
        next(found)


def test_many_comments_are_no_endless_event() -> None:
    """Keep-alive comments are forgotten as they come, and may go on for ever."""
    assert decode(*[b": OPENROUTER PROCESSING\n\n"] * 1_000, b"data: x\n\n", limit=100) == [("x", "message", "")]


def test_a_huge_event_takes_linear_time() -> None:
    """Twice the bytes in as small pieces take about twice the time, not four times."""

    def seconds(pieces: int) -> float:
        decoder = Decoder()
        start = process_time()
        for _ in range(pieces):
            list(decoder.feed(b"data: 0123456789"))
        return process_time() - start

    assert min(seconds(160_000) for _ in range(3)) < 8 * min(seconds(40_000) for _ in range(3))
