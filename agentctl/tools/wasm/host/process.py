"""A forked child: its pipes are read up to their caps, and it is killed when its time is up or its parent dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from agentctl.tools.wasm.host import confine
from agentctl.tools.wasm.host.reactor import READ, Reactor

Killed = Literal["timeout", "output", "cancelled"]

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that is gone.

    Args:
        status: as `os.waitpid` has it.
        killed: why it was killed from here, if it was.
        pipes: what it wrote to each of its pipes, up to the cap.
        elapsed_ms: from before the fork until it was gone.
    """

    status: int
    killed: Killed | None
    pipes: tuple[bytes, ...]
    elapsed_ms: float


class Process:
    """A child that runs `job` with the writing ends of its pipes, and then ends.

    Args:
        caps: for each pipe how many bytes may be written to it; one more, and the child is killed.
        seconds: how long it may take.
        job: what the child does; it never returns.
        ended: told once, when the child is gone.

    Raises:
        OSError: there can't be another process or pipe now.
    """

    def __init__(
        self,
        reactor: Reactor,
        *,
        caps: Sequence[int],
        seconds: float,
        job: Callable[[Sequence[int]], NoReturn],
        ended: Callable[[Ended], None],
    ) -> None:
        self._reactor = reactor
        self._ended = ended
        self._killed: Killed | None = None
        self._caps = caps
        self._read = [bytearray() for _ in caps]
        self._started = time.monotonic()
        self.deadline = self._started + seconds
        self._pid, readers = _fork(len(caps), job)
        self._open = set(readers)
        reactor.due.add(self)
        for index, fd in enumerate(readers):
            reactor.watch(fd, READ, lambda index=index, fd=fd: self._drain(index, fd))  # type: ignore[misc]

    def kill(self, why: Killed) -> None:
        """Kill it, for the first reason given; `ended` is told later, when it is gone."""
        self._killed = self._killed or why
        os.kill(self._pid, signal.SIGKILL)

    def cancel(self) -> bool:
        """Kill it, for nobody waits for it any more; says that `ended` is still told."""
        self.kill("cancelled")
        return True

    def expire(self) -> None:
        """Kill it, for its time is up."""
        self._reactor.due.discard(self)
        self.kill("timeout")

    def _drain(self, index: int, fd: int) -> None:
        data = os.read(fd, _CHUNK)
        room = self._caps[index] - len(self._read[index])
        self._read[index] += data[:room]
        if len(data) > room:
            self.kill("output")
        if not data:
            self._close(fd)

    def _close(self, fd: int) -> None:
        self._reactor.unwatch(fd)
        os.close(fd)
        self._open.discard(fd)
        if not self._open:
            self._reap()

    def _reap(self) -> None:
        # All its pipes are closed, so it is on its way out and has its status: this can't change that any more.
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self._reactor.due.discard(self)
        elapsed = (time.monotonic() - self._started) * 1000
        self._ended(Ended(status, self._killed, tuple(bytes(data) for data in self._read), elapsed))


def _fork(pipes: int, job: Callable[[Sequence[int]], NoReturn]) -> tuple[int, list[int]]:
    """Fork a child that runs `job`; returns its id and the reading ends of its pipes."""
    opened: list[tuple[int, int]] = []
    try:
        for _ in range(pipes):
            opened.append(os.pipe())  # noqa: PERF401 - those before one that fails are closed
        parent, pid = os.getpid(), os.fork()
    except OSError:
        for reader, writer in opened:
            os.close(reader)
            os.close(writer)
        raise
    if pid == 0:
        try:
            confine.die_with(parent)
            job([writer for _, writer in opened])
        finally:
            os._exit(70)  # EX_SOFTWARE
    for _, writer in opened:
        os.close(writer)
    return pid, [reader for reader, _ in opened]
