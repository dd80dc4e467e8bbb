"""The component's end: ask for exchanges, and wait for what comes of them. Plain blocking code of one thread."""

from __future__ import annotations

import select
import socket
from dataclasses import dataclass, field

from agentctl.tools.wasm.network.frames import (
    BODY_LIMIT,
    HEAD_LIMIT,
    HEADER,
    Answer,
    Failure,
    Frame,
    Kind,
    Request,
    pack_request,
    unpack_answer,
    unpack_failure,
)
from agentctl.tools.wasm.network.protocol import Exchange

_GONE = Failure("internal-error", "the process that does the requests is gone")


@dataclass(slots=True, eq=False)
class _Exchange:
    channel: Channel
    number: int
    answer: Answer | None = None
    failure: Failure | None = None
    asked: bool = True  # for the head at first, for a piece of the body later
    over: bool = False
    pieces: bytearray = field(default_factory=bytearray)

    def ready(self) -> bool:
        if self.pieces or self.over:
            return True
        if not self.asked:
            self.asked = True
            self.channel.say(Frame(Kind.MORE, self.number))
        return False

    def take(self, limit: int) -> bytes | None:
        if not self.ready():
            return b""
        piece = bytes(self.pieces[:limit])
        del self.pieces[:limit]
        return piece if piece or not self.over or limit == 0 else None

    def cancel(self) -> None:
        if not self.over:
            self.over, self.asked = True, False
            self.channel.say(Frame(Kind.CANCEL, self.number))
        self.channel.forget(self.number)

    def hear(self, frame: Frame) -> None:
        self.asked = False
        match frame.kind:
            case Kind.HEAD:
                self.answer = unpack_answer(frame.payload)
            case Kind.CHUNK:
                self.pieces += frame.payload
            case Kind.FAILED:
                self.fail(unpack_failure(frame.payload))
            case _:
                self.over = True

    def fail(self, failure: Failure) -> None:
        self.failure, self.over, self.asked = failure, True, False


class Channel:
    """A `Network` over a connected stream socket, whose other end is served."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._exchanges: dict[int, _Exchange] = {}
        self._last = 0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._gone = False

    @property
    def waiting(self) -> bool:
        """Whether anything is under way that `wait` could wait for."""
        return any(exchange.asked for exchange in self._exchanges.values())

    def send(self, request: Request) -> Exchange:
        """Start an exchange; whatever is wrong with it becomes its failure."""
        self._last += 1
        exchange = self._exchanges[self._last] = _Exchange(self, self._last)
        payload = pack_request(request)
        body = len(request.body or b"")
        if body > BODY_LIMIT:
            exchange.fail(Failure("HTTP-request-body-size", f"the body is longer than {BODY_LIMIT} bytes"))
        elif len(payload) - body > HEAD_LIMIT:
            exchange.fail(Failure("HTTP-request-header-section-size", f"the head is longer than {HEAD_LIMIT} bytes"))
        else:
            self.say(Frame(Kind.REQUEST, exchange.number, payload))
        return exchange

    def wait(self, seconds: float | None) -> None:
        """Wait until something has arrived for any exchange, but not longer than that; None is as long as it takes."""
        if not self._poll.poll(None if seconds is None else max(0, round(seconds * 1000 + 0.5))):
            return
        try:
            frame = self._read()
        except (OSError, ValueError):
            self._lose()
            return
        if exchange := self._exchanges.get(frame.exchange):
            exchange.hear(frame)

    def say(self, frame: Frame) -> None:
        """Send a frame; that nobody listens any more is told as the failure of all exchanges."""
        try:
            self._socket.sendall(bytes(frame))
        except OSError:
            self._lose()

    def forget(self, number: int) -> None:
        """Ignore what still arrives for an exchange."""
        self._exchanges.pop(number, None)

    def _read(self) -> Frame:
        kind, exchange, length = HEADER.unpack(self._exactly(HEADER.size))
        return Frame(Kind(kind), exchange, self._exactly(length))

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(length - len(parts))
            if not part:
                raise ConnectionResetError
            parts += part
        return bytes(parts)

    def _lose(self) -> None:
        if not self._gone:
            self._gone = True
            self._poll.unregister(self._socket)  # or it would be ready for ever
        for exchange in self._exchanges.values():
            if not exchange.over:
                exchange.fail(_GONE)
