"""Starting the host process, talking to it, and ending it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import agentctl
from agentctl.errors import ToolError

_ROOT = Path(agentctl.__file__).parent.parent
# Isolated from the directory and the environment that it is started in; it finds this very package all the same.
_MAIN = "import sys; sys.path.append(sys.argv[1]); from agentctl.tools.wasm.host.server import main; main()"


@dataclass(slots=True, eq=False)
class Launched:
    """A host process and the socket that it lives by."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def alive(self) -> bool:
        """Whether it runs; if not, it is let go of."""
        if self.process.poll() is None:
            return True
        self.control.close()
        return False

    def bury(self) -> None:
        """Let go of one whose socket has ended, as it is about to itself."""
        self.control.close()
        self.process.kill()
        self.process.wait()

    async def send(self, descriptors: Sequence[int]) -> None:
        """Give it the open files of one call.

        Raises:
            OSError: it has ended.
        """
        while True:
            try:
                socket.send_fds(self.control, [b"c"], descriptors)
            except BlockingIOError:
                await _writable(self.control)
            else:
                return

    async def end(self) -> None:
        """End it and its children, and return when they are gone."""
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)
            await asyncio.get_running_loop().sock_recv(self.control, 1)
        self.bury()


def launch(cache_dir: Path, compile_seconds: float) -> Launched:
    """Start a host process: no environment, no open files but its socket, a session of its own.

    Raises:
        ToolError: wasmtime is not installed, or there can't be another process.
    """
    if find_spec("wasmtime") is None:
        raise ToolError("components need wasmtime", hint="pip install 'agentctl[wasm]'")
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    arguments = [_ROOT, os.getpid(), theirs.fileno(), cache_dir.absolute(), compile_seconds]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _MAIN, *map(str, arguments)],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,  # a Ctrl-C in the terminal is for whoever called, and cancels
        )
    except OSError as error:
        ours.close()
        raise ToolError(f"can't start a process for components: {error.strerror}") from error
    finally:
        theirs.close()
    return Launched(process, ours)


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(sock)
