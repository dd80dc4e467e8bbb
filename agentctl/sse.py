"""Server-sent events: bytes in, events out. Pure; the bytes may be cut anywhere.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LIMIT = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"


class MalformedStreamError(ValueError):
    """The bytes are no event stream."""


class ServerSentEvent(NamedTuple):
    """One event. `event` is its type, `id` the last id that the stream gave."""

    data: str
    event: str = "message"
    id: str = ""


class Decoder:
    """Decodes one stream. An event that the stream's end cuts off is never told, as the standard has it.

    Unlike the standard, which replaces bytes that are not UTF-8, it refuses them: a replaced byte in an answer would
    be kept as if the model had said it. `retry` is ignored, for nothing here reconnects.

    Args:
        limit: the most bytes that an event may have, and a line.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._line: list[bytes] = []  # the pieces of a line that has not ended: joining them once keeps it linear
        self._line_size = 0
        self._data: list[str] = []  # the data lines of an event that has not ended
        self._data_size = 0
        self._event = ""
        self._id = ""
        self._first = True  # no line has ended yet: it may begin with a byte order mark
        self._after_cr = False  # the last chunk ended in CR: an LF that follows belongs to it
        self._between = True  # nothing of an event is held

    def feed(self, chunk: bytes) -> Iterable[ServerSentEvent]:
        """Take the next bytes and tell the events that they complete, which must be gone through before the next bytes.

        Raises:
            MalformedStreamError: not UTF-8, or more than the limit; once the events before it are told. The decoder is
                of no use after it.
        """
        if self._between and self._is_plain_event(chunk):
            self._first = False
            return [ServerSentEvent(_decode(chunk[6:-2]), "message", self._id)]
        return self._feed_lines(chunk)

    def _is_plain_event(self, chunk: bytes) -> bool:
        """Whether the chunk is all of one event of one data line: servers send little else."""
        return (
            chunk.startswith(b"data: ")
            and chunk.endswith(b"\n\n")
            and chunk.find(b"\n") == len(chunk) - 2
            and b"\r" not in chunk
            and len(chunk) <= self._limit
        )

    def _feed_lines(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        if not chunk:
            return
        ends_in_cr = chunk.endswith(b"\r")
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = ends_in_cr
        for piece in chunk.splitlines(keepends=True):  # of bytes: at CR, LF and CRLF alone
            self._line.append(piece)
            self._line_size += len(piece)
            if self._line_size + self._data_size > self._limit:
                raise MalformedStreamError(f"an event of more than {self._limit:,} bytes")
            if piece.endswith((b"\n", b"\r")):
                yield from self._end_line()
        self._between = not (self._line or self._data or self._event)

    def _end_line(self) -> list[ServerSentEvent]:
        line = b"".join(self._line).rstrip(b"\r\n")
        self._line.clear()
        self._line_size = 0
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._end_event()
        name, _, value = _decode(line).partition(":")
        self._take_field(name, value.removeprefix(" "))
        return []

    def _take_field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
            self._data_size += len(value) + 1
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value

    def _end_event(self) -> list[ServerSentEvent]:
        data, event = self._data, self._event or "message"
        self._data, self._data_size, self._event = [], 0, ""
        return [ServerSentEvent("\n".join(data), event, self._id)] if data else []


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise MalformedStreamError(f"bytes that are not UTF-8 ({error.reason})") from error
