"""What the two ends of a channel say to each other, and its form in bytes. Pure.

A frame is its kind (1 byte), the number of its exchange (4 bytes) and the length of what follows (4 bytes), in network
order, and then that. The child sends REQUEST, MORE (send the next piece of the body) and CANCEL; its caller HEAD, CHUNK
(at most `PIECE` bytes, one for each MORE), END and FAILED.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

HEADER = struct.Struct("!BII")
PIECE = 64 << 10
BODY_LIMIT = 4 << 20  # of a request
HEAD_LIMIT = 256 << 10  # of a request or an answer: its headers, and what goes with them
FRAME_LIMIT = BODY_LIMIT + HEAD_LIMIT + 4

Headers = tuple[tuple[str, str], ...]


class Kind(IntEnum):
    """What a frame is."""

    REQUEST = 1
    MORE = 2
    CANCEL = 3
    HEAD = 4
    CHUNK = 5
    END = 6
    FAILED = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """One message between the two ends."""

    kind: Kind
    exchange: int
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        return HEADER.pack(self.kind, self.exchange, len(self.payload)) + self.payload


@dataclass(frozen=True, slots=True)
class Request:
    """What a component asks for, as it asks: nothing of it was checked.

    Args:
        method: such as `GET`.
        scheme: `http` or `https`.
        authority: the host, and the port behind a colon.
        path: what follows, with the query; empty is `/`.
        headers: names and values; bytes of a value stand as the characters of these numbers (Latin-1).
        body: None sends none.
        connect: how many seconds to wait for the connection; None is the usual.
        first_byte: and for the head of the answer.
        between_bytes: and between two pieces of its body.
    """

    method: str
    scheme: str
    authority: str
    path: str = ""
    headers: Headers = ()
    body: bytes | None = None
    connect: float | None = None
    first_byte: float | None = None
    between_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer."""

    status: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, or no more of it; `code` is a case of `error-code` in wasi:http 0.2."""

    code: str
    message: str


def pack_request(request: Request) -> bytes:
    """The payload of a REQUEST."""
    body = request.body or b""
    head = _dump({**asdict(request), "body": request.body is not None})
    return struct.pack("!I", len(head)) + head + body


def unpack_request(payload: bytes) -> Request:
    """Read the payload of a REQUEST.

    Raises:
        ValueError: it is none.
    """
    try:
        (length,) = struct.unpack_from("!I", payload)
        head = json.loads(payload[4 : 4 + length])
        body = payload[4 + length :] if head.pop("body") else None
        request = Request(**{**head, "headers": _pairs(head["headers"])}, body=body)
    except (struct.error, KeyError, TypeError) as error:
        raise ValueError(f"not a request: {error!r}") from error
    texts = (request.method, request.scheme, request.authority, request.path)
    waits = (request.connect, request.first_byte, request.between_bytes)
    if not all(isinstance(text, str) for text in texts) or not all(_is_wait(wait) for wait in waits):
        raise ValueError("not a request: a field of another type")
    return request


def pack_answer(answer: Answer) -> bytes:
    """The payload of a HEAD."""
    return _dump(asdict(answer))


def unpack_answer(payload: bytes) -> Answer:
    """Read the payload of a HEAD."""
    value = json.loads(payload)
    return Answer(value["status"], _pairs(value["headers"]))


def pack_failure(failure: Failure) -> bytes:
    """The payload of a FAILED."""
    return _dump(asdict(failure))


def unpack_failure(payload: bytes) -> Failure:
    """Read the payload of a FAILED."""
    return Failure(**json.loads(payload))


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _pairs(items: Sequence[Sequence[str]]) -> Headers:
    return tuple((str(name), str(value)) for name, value in items)


def _is_wait(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and value > 0)
