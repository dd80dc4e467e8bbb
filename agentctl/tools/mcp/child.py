"""The process of an MCP server: in a session of its own, heard line by line, and ended with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process, SubprocessStreamProtocol
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from agentctl.redact import redact
from agentctl.tools.mcp.naming import printable

LARGEST = 8 << 20  # bytes of one message; a screenshot is a few millions in base 64

_KEPT = 4096  # bytes of stderr
_TOLD, _WIDTH = 5, 200  # lines of it in an error, and characters of each
_GRACE = 0.5  # seconds to leave, first for the end of its stdin and then for SIGTERM

# Beside the server waits a shell in the same process group. It reads a pipe that nothing is ever written to: when we
# are gone, whatever ended us, the pipe ends, and the shell kills the group and itself. As long as it lives, the number
# of the group is nobody else's. Its parent is not the server, which may wait for all its children.
_GUARDED = """\
((trap '' HUP INT TERM; read -r _ <"$0"; kill -KILL 0) </dev/null >/dev/null 2>&1 &)
exec "$@"
"""


class TooLongError(Exception):
    """A line is longer than any message may be."""


class Child:
    """A process that was started; `stop` ends it."""

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport, life: int) -> None:
        self._process = process
        self._transport = transport
        self._life = life
        self._errors = bytearray()
        self._in = cast("asyncio.StreamWriter", process.stdin)  # all three are pipes
        self._out = cast("asyncio.StreamReader", process.stdout)
        self._listener = asyncio.create_task(self._listen(cast("asyncio.StreamReader", process.stderr)))

    @classmethod
    async def start(cls, command: Sequence[str], environ: Mapping[str, str], directory: Path) -> Child:
        """Start `command`, whose program is an absolute path, in `directory` with no other variables than `environ`.

        Raises:
            OSError: it can't be started.
        """
        loop = asyncio.get_running_loop()
        watched, life = os.pipe()
        try:
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=LARGEST, loop=loop),
                *("/bin/sh", "-c", _GUARDED, f"/dev/fd/{watched}", *command),
                env=dict(environ),
                cwd=directory,
                start_new_session=True,
                pass_fds=(watched,),
            )
        except BaseException:
            os.close(life)
            raise
        finally:
            os.close(watched)
        return cls(Process(transport, protocol, loop), transport, life)

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs. A signal is negative."""
        return self._process.returncode

    def told(self) -> str:
        """The last lines that it wrote on stderr, without secrets."""
        lines = redact(self._errors.decode(errors="replace")).splitlines()
        said = [printable(line, _WIDTH) for line in lines if line.strip()]
        return "\n".join(said[-_TOLD:])

    async def line(self) -> bytes | None:
        """The next line of its stdout; None at the end.

        Raises:
            TooLongError: it has more bytes than `LARGEST`.
        """
        try:
            return await self._out.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError as error:
            raise TooLongError from error

    async def write(self, line: bytes) -> None:
        """Write to its stdin, and wait while that is full.

        Raises:
            OSError: it reads no more.
        """
        self._in.write(line)
        await self._in.drain()

    async def stop(self) -> None:
        """End its stdin, and end it and all of its process group if that is not enough; cancelled, it kills at once."""
        try:
            self._in.close()
            if not await self._ended() and self.code is None:
                self._signal(signal.SIGTERM)
                await self._ended()
        finally:
            self._signal(signal.SIGKILL)
            os.close(self._life)
            self._listener.cancel()
        await self._ended()
        self._transport.close()

    async def _ended(self) -> bool:
        """Whether it ended, and let go of its pipes, in time."""
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE)
        except TimeoutError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _listen(self, errors: asyncio.StreamReader) -> None:
        while chunk := await errors.read(1 << 16):
            self._errors += chunk
            del self._errors[:-_KEPT]
