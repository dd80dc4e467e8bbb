"""wasi:http 0.2 `outgoing-body`: what a request sends, which is held back until it is whole."""

from __future__ import annotations

from collections.abc import Callable

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.polling import Waiting
from agentctl.tools.wasm.http.streams import OutputStream
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import BODY_LIMIT, Failure

_TOO_LONG = Failure("HTTP-request-body-size", f"the body is longer than {BODY_LIMIT} bytes")


class Gathered:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = False

    def write(self, data: bytes) -> Failure | None:
        """Keep the bytes, up to the length that a request may have."""
        if len(self.data) + len(data) > BODY_LIMIT:
            self.closed = True
            return _TOO_LONG
        self.data += data
        return None


class OutgoingBody:
    """wasi:http/types `outgoing-body`.

    Args:
        waiting: for its stream.
        length: what its request says that it is, if it does.
    """

    def __init__(self, waiting: Waiting, length: int | None) -> None:
        self._waiting = waiting
        self._length = length
        self._sink = Gathered()
        self._taken = False
        self._whole: bool | None = None  # None is not known yet
        self._told: Callable[[bytes | None], None] | None = None

    def when_whole(self, tell: Callable[[bytes | None], None]) -> None:
        """Call `tell` with all of it, or with None if it was given up; at once if that is known."""
        self._told = tell
        if self._whole is not None:
            self._settle(whole=self._whole)

    def dropped(self) -> None:
        """It was given up, unless it was finished before."""
        if self._whole is None:
            self._settle(whole=False)

    @exported
    def write(self) -> Ok | Err:
        """The stream to write it to, once."""
        if self._taken:
            return Err()
        self._taken = True
        return Ok(OutputStream(self._sink, self._waiting))

    @classmethod
    @exported
    def finish(cls, body: OutgoingBody, trailers: Fields | None) -> Ok | Err:
        """Say that it is whole; trailers are not sent."""
        size = len(body._sink.data)
        if trailers is not None and trailers.entries():
            body._settle(whole=False)
            return Err(Case("internal-error", "trailers can't be sent"))
        if body._length not in {None, size}:
            body._settle(whole=False)
            return Err(Case("HTTP-request-body-size", size))
        body._settle(whole=True)
        return Ok()

    def _settle(self, *, whole: bool) -> None:
        self._whole = whole
        self._sink.closed = True
        if self._told:
            self._told(bytes(self._sink.data) if whole else None)
