"""wasi:cli 0.2, its standard streams: nothing to read, output to the descriptors of the call, and no terminal."""

from __future__ import annotations

import os

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.polling import Waiting
from agentctl.tools.wasm.http.streams import InputStream, OutputStream
from agentctl.tools.wasm.network import Failure


class Nothing:
    """A source that is at its end."""

    failure: Failure | None = None

    def ready(self) -> bool:
        """Whether `take` has something to say."""
        return True

    def take(self, limit: int) -> bytes | None:
        """No bytes are there, and none will be."""
        return None if limit else b""


class Descriptor:
    """A sink that is a file descriptor; it blocks as long as nobody reads what was written."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.closed = False

    def write(self, data: bytes) -> Failure | None:
        """Write them all, or say why not."""
        try:
            while data:
                data = data[os.write(self._number, data) :]
        except OSError as error:
            self.closed = True
            return Failure("internal-error", f"can't write: {error.strerror}")
        return None


class StandardStreams:
    """The functions of wasi:cli/stdin, stdout, stderr and the terminals."""

    def __init__(self, waiting: Waiting, stdout_fd: int, stderr_fd: int) -> None:
        self._waiting = waiting
        self._stdout, self._stderr = Descriptor(stdout_fd), Descriptor(stderr_fd)

    @exported
    def get_stdin(self) -> InputStream:
        """Nothing to read."""
        return InputStream(Nothing(), self._waiting)

    @exported
    def get_stdout(self) -> OutputStream:
        """The output of the call."""
        return OutputStream(self._stdout, self._waiting)

    @exported
    def get_stderr(self) -> OutputStream:
        """The diagnostics of the call."""
        return OutputStream(self._stderr, self._waiting)

    @exported
    def get_terminal_stdin(self) -> None:
        """No terminal."""

    @exported
    def get_terminal_stdout(self) -> None:
        """No terminal."""

    @exported
    def get_terminal_stderr(self) -> None:
        """No terminal."""
