"""wasi:io 0.2: errors, polling and streams, as far as standard streams and HTTP need them.

Nothing is shared with wasmtime's own wasi:io: a component has either these or those.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import Failure, Network

PERMIT = 64 << 10  # bytes that may be written at once
_CLOSED = Err(Case("closed"))


@dataclass(frozen=True, slots=True, eq=False)
class IoError:
    """wasi:io/error `error`."""

    failure: Failure

    @exported
    def to_debug_string(self) -> str:
        """It for people."""
        return self.failure.message


class Waiting:
    """Waits for the network and the time, which is all that anything here waits for."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def until(self, pollables: list[Pollable]) -> list[int]:
        """Wait until one of them is ready, and return the positions of all that are.

        Raises:
            ToolError: none of them can ever be.
        """
        if not pollables:
            raise ToolError("a component waits for nothing", reason="trap")
        while not (ready := [index for index, pollable in enumerate(pollables) if pollable.is_ready()]):
            times = [pollable.time for pollable in pollables if pollable.time is not None]
            if not (times or self._network.waiting):
                raise ToolError("a component waits for what never comes", reason="trap")
            self._network.wait(max(0.0, min(times) - time.monotonic()) if times else None)
        return ready


@dataclass(frozen=True, slots=True, eq=False)
class Pollable:
    """wasi:io/poll `pollable`: something that is ready, or will be at a time of `time.monotonic`."""

    waiting: Waiting
    condition: Callable[[], bool]
    time: float | None = None

    def is_ready(self) -> bool:
        """Whether it is."""
        return self.condition()

    @exported
    def ready(self) -> bool:
        """Whether it is, once what has arrived is looked at."""
        if not self.condition() and self.waiting._network.waiting:
            self.waiting._network.wait(0)
        return self.condition()

    @exported
    def block(self) -> None:
        """Wait for it."""
        self.waiting.until([self])


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
