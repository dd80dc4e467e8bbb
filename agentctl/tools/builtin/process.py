"""A command under its supervisor: started, waited for, ended with all that it started."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentctl.errors import ToolError
from agentctl.tools.builtin import supervisor, survivors
from agentctl.tools.builtin.capture import Capture
from agentctl.tools.builtin.stopping import Cancellation
from agentctl.uninterrupted import uninterrupted

_GRACE = 0.08  # seconds from SIGTERM to SIGKILL
_PATIENCE = 2.0  # seconds for a supervisor to end all, before it is ended; it takes a few hundredths
_LAST_BYTES = 0.1  # seconds to wait for the end of an output that somebody may still hold
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may use: seconds in all, processes at once, and bytes of one file.

    Processor time is limited per process to what all processors have in these seconds.
    """

    seconds: float
    processes: int = 400
    file_size: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    `status` is its exit code, or below zero the signal that ended it; None where it did not end by itself: `reason`
    then says why, as `timeout` or `processes`. `left` counts processes that could not be ended, which are not ours.
    """

    status: int | None
    reason: str
    left: int
    output: Capture


async def run(command: Sequence[str], directory: Path, environ: Mapping[str, str], limits: Limits) -> Ended:
    """Run a command to its end; when that comes, by itself or by force, nothing that it started is left.

    Cancelling it ends all of it first.

    Raises:
        ToolError: it can't be started.
    """
    cancellation = Cancellation()
    mark = os.urandom(16).hex()
    running = _Running(await _start(command, directory, {**environ, survivors.VARIABLE: mark}, limits), mark)
    in_time = True
    try:
        try:
            cancellation.check()
            in_time = await running.over(limits.seconds)
        finally:
            await uninterrupted(running.end())
        cancellation.check()
    except asyncio.CancelledError:
        raise asyncio.CancelledError(running.output.text()) from None
    return running.ended("" if in_time else "timeout")


async def _start(command: Sequence[str], directory: Path, environ: Mapping[str, str], limits: Limits) -> Process:
    settings = {
        "command": list(command),
        "cpu": int(limits.seconds * (os.cpu_count() or 1)) + 1,
        "file_size": limits.file_size,
        "processes": limits.processes,
        "grace": _GRACE,
    }
    arguments = (sys.executable, "-I", "-S", "-B", supervisor.__file__, json.dumps(settings))
    # Started in the middle of a cancellation, it would be nobody's.
    starting = asyncio.create_subprocess_exec(
        *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=directory, env=environ, start_new_session=True
    )
    try:
        return await uninterrupted(starting)
    except OSError as error:
        raise ToolError(f"can't start the command: {os.strerror(error.errno or 0)}") from error


@dataclass(slots=True)
class _Running:
    process: Process
    mark: str
    output: Capture = field(default_factory=Capture)
    report: Capture = field(default_factory=Capture)
    readers: list[asyncio.Task[None]] = field(default_factory=list)
    left: int = 0

    def __post_init__(self) -> None:
        for stream, capture in ((self.process.stdout, self.output), (self.process.stderr, self.report)):
            assert stream  # noqa: S101 - both are pipes
            self.readers.append(asyncio.create_task(_drain(stream, capture)))

    async def over(self, seconds: float) -> bool:
        """Wait for the end of the supervisor; whether it came in time.

        Only the supervisor holds the pipe of its reports, so that the pipe's end is the supervisor's, however that
        came. `Process.wait` may wait for the end of the output, too, which others hold.
        """
        done, _ = await asyncio.wait(self.readers[1:], timeout=seconds)
        return bool(done)

    async def end(self) -> None:
        """End the command if it has not ended; and take what is left of its output."""
        assert self.process.stdin  # noqa: S101 - it is a pipe
        self.process.stdin.close()
        await self.over(_PATIENCE)
        if "status" not in self.told():  # it is stuck or stopped, or somebody ended it
            self._force()
            self.left = await asyncio.to_thread(survivors.end, survivors.Mark(self.mark, self._pipe()))
        await asyncio.wait(self.readers, timeout=_LAST_BYTES)
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*self.readers, return_exceptions=True)
        for number in range(3):  # for others may hold them, and `wait` may wait for their end
            self._transport.get_pipe_transport(number).close()
        await self.process.wait()
        self._transport.close()

    def told(self) -> dict[str, Any]:
        """What the supervisor said so far."""
        told: dict[str, Any] = {}
        for line in self.report.text().splitlines():
            with suppress(ValueError, TypeError):
                told |= json.loads(line)
        return told

    def ended(self, reason: str) -> Ended:
        """How it ended; `reason` is ours for ending it."""
        told = self.told()
        by_force = reason or {"processes": "processes", "": ""}.get(told.get("reason", "lost"), "lost")
        return Ended(None if by_force else told.get("status"), by_force, int(told.get("left", self.left)), self.output)

    @property
    def _transport(self) -> Any:
        return self.process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way

    def _pipe(self) -> int:
        """The inode of the pipe of the output; 0 if that has come to its end, and nobody holds it."""
        pipe = self._transport.get_pipe_transport(1)
        inode: int = 0 if pipe.is_closing() else os.fstat(pipe.get_extra_info("pipe").fileno()).st_ino
        return inode

    def _force(self) -> None:
        with suppress(ProcessLookupError):
            if not self.readers[1].done():
                os.kill(self.process.pid, signal.SIGKILL)  # `Process.kill` would take the status from who waits for it
        if pid := self.told().get("pid"):
            with suppress(OSError):
                os.killpg(pid, signal.SIGKILL)


async def _drain(stream: asyncio.StreamReader, capture: Capture) -> None:
    while data := await stream.read(_CHUNK):
        capture.add(data)
