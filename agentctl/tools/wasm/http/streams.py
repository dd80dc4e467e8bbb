"""wasi:io 0.2 `streams`, as far as standard streams and HTTP need them: what they read from and write to is told."""

from __future__ import annotations

from typing import Protocol

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.failures import IoError
from agentctl.tools.wasm.http.polling import Pollable, Waiting
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import Failure

PERMIT = 64 << 10  # bytes that may be written at once
_CLOSED = Err(Case("closed"))


class Source(Protocol):
    """Where an input stream comes from."""

    def ready(self) -> bool:
        """Whether `take` has something to say."""
        ...

    def take(self, limit: int) -> bytes | None:
        """At most `limit` bytes: none if there are none yet, None at the end."""
        ...

    @property
    def failure(self) -> Failure | None:
        """Why it ended early, if it did."""
        ...


class InputStream:
    """wasi:io/streams `input-stream`."""

    def __init__(self, source: Source, waiting: Waiting) -> None:
        self._source = source
        self._pollable = Pollable(waiting, source.ready)

    @exported
    def read(self, length: int) -> Ok | Err:
        """What is there, or nothing."""
        if not self._pollable.ready():
            return Ok(b"")
        piece = self._source.take(min(length, PERMIT))
        if piece is not None:
            return Ok(piece)
        failure = self._source.failure
        return Err(Case("last-operation-failed", IoError(failure))) if failure else _CLOSED

    @exported
    def blocking_read(self, length: int) -> Ok | Err:
        """At least one byte."""
        if length:
            self._pollable.block()
        return self.read(length)

    @exported
    def skip(self, length: int) -> Ok | Err:
        """Read, and tell only how much."""
        return _measured(self.read(length))

    @exported
    def blocking_skip(self, length: int) -> Ok | Err:
        """Read at least one byte, and tell only how much."""
        return _measured(self.blocking_read(length))

    @exported
    def subscribe(self) -> Pollable:
        """Ready when there is something to read, or nothing any more."""
        return self._pollable


class Sink(Protocol):
    """Where an output stream goes to; it takes everything, sooner or later."""

    def write(self, data: bytes) -> Failure | None:
        """Take the bytes, or say why not."""
        ...

    @property
    def closed(self) -> bool:
        """Whether it takes nothing any more."""
        ...


class OutputStream:
    """wasi:io/streams `output-stream`; everything written is flushed."""

    def __init__(self, sink: Sink, waiting: Waiting) -> None:
        self._sink = sink
        self._waiting = waiting

    @exported
    def check_write(self) -> Ok | Err:
        """How many bytes may be written."""
        return _CLOSED if self._sink.closed else Ok(PERMIT)

    @exported
    def write(self, data: bytes) -> Ok | Err:
        """Write them all."""
        if len(data) > PERMIT:
            raise ToolError(f"a component writes more than the {PERMIT} bytes that it may at once", reason="trap")
        if self._sink.closed:
            return _CLOSED
        failure = self._sink.write(data)
        return Err(Case("last-operation-failed", IoError(failure))) if failure else Ok()

    @exported
    def flush(self) -> Ok | Err:
        """Nothing is held back."""
        return _CLOSED if self._sink.closed else Ok()

    @exported
    def blocking_flush(self) -> Ok | Err:
        """Nothing is held back."""
        return self.flush()

    @exported
    def blocking_write_and_flush(self, data: bytes) -> Ok | Err:
        """Write them all."""
        return self.write(data)

    @exported
    def write_zeroes(self, length: int) -> Ok | Err:
        """Write that many zeros."""
        return self.write(bytes(min(length, PERMIT + 1)))

    @exported
    def blocking_write_zeroes_and_flush(self, length: int) -> Ok | Err:
        """Write that many zeros."""
        return self.write_zeroes(length)

    @exported
    def splice(self, source: InputStream, length: int) -> Ok | Err:
        """Write what is there to read."""
        return self._spliced(source.read(length))

    @exported
    def blocking_splice(self, source: InputStream, length: int) -> Ok | Err:
        """Write what there is to read, at least one byte."""
        return self._spliced(source.blocking_read(length))

    @exported
    def subscribe(self) -> Pollable:
        """Ready at once."""
        return Pollable(self._waiting, lambda: True)

    def _spliced(self, read: Ok | Err) -> Ok | Err:
        if isinstance(read, Err):
            return read
        written = self.write(read.value)
        return written if isinstance(written, Err) else Ok(len(read.value))


def _measured(read: Ok | Err) -> Ok | Err:
    return Ok(len(read.value)) if isinstance(read, Ok) else read
