"""Has agentctl run in a child of `support.nursery`, where such a child is like a new process."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")  # of the environment of the tests
_HEEDED = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_")  # by an interpreter while it starts, and never after
_MODES = ("wb", "rb", "rb")
_PIECE = 1 << 16
_turn = Lock()  # threads of a test may run commands at the same time


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: bytes
    err: bytes


def possible(environ: Mapping[str, str]) -> bool:
    """Whether a child with this environment is like a new process; with AGENTCTL_TEST_FULL=1 all shall be new."""
    return not os.environ.get("AGENTCTL_TEST_FULL") and _heeded(environ) == _heeded(_environment())


def run(argv: Sequence[str], stdin: bytes, cwd: str, environ: Mapping[str, str], patience: float) -> Ended:
    """Run agentctl to its end; `argv` begins with its path.

    Raises:
        subprocess.TimeoutExpired: it took more than `patience` seconds, and was killed.
    """
    end = time.monotonic() + patience
    with ExitStack() as stack:
        theirs, ours = zip(*(os.pipe(), os.pipe()[::-1], os.pipe()[::-1]), strict=True)
        streams = [stack.enter_context(os.fdopen(fd, mode, buffering=0)) for fd, mode in zip(ours, _MODES, strict=True)]
        said = stack.enter_context(_bear(theirs))
        said.sendall(json.dumps([list(argv), cwd, dict(environ)]).encode() + b"\n")
        told = stack.enter_context(said.makefile("rb", buffering=0))
        pid = int(told.readline())
        try:
            out, err = _talk(streams, stdin, end)
            said.settimeout(max(0.001, end - time.monotonic()))
            return Ended(int(told.readline()), out, err)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(argv), patience) from None


def _environment() -> dict[str, str]:
    """That of the parent: as much of ours as the commands are given."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def _heeded(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_HEEDED)}


def _bear(streams: Sequence[int]) -> socket.socket:
    """Have a child with these streams, which are closed here; returns the socket that it listens on."""
    ours, theirs = socket.socketpair()
    with theirs, _turn:
        socket.send_fds(_parent(), [b"."], [*streams, theirs.fileno()])
    for stream in streams:
        os.close(stream)
    return ours


@cache
def _parent() -> socket.socket:
    """The socket of the parent of all, which lives as long as this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        script, number = Path(__file__).with_name("nursery.py"), theirs.fileno()
        process = subprocess.Popen([sys.executable, "-P", script, str(number)], pass_fds=[number], env=_environment())

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _talk(streams: Sequence[Any], stdin: bytes, end: float) -> list[bytes]:
    """Feed the first stream with `stdin`, and read the others to their ends."""
    left, read = memoryview(stdin), [bytearray() for _ in streams]
    os.set_blocking(streams[0].fileno(), False)
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate(streams):
            selector.register(stream, selectors.EVENT_READ if number else selectors.EVENT_WRITE, number)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.data:
                    data = streams[key.data].read(_PIECE)
                    read[key.data] += data
                    done = not data
                else:
                    left = _feed(streams[0], left)
                    done = not left
                if done:
                    selector.unregister(key.fileobj)
                    streams[key.data].close()
    return [bytes(one) for one in read[1:]]


def _feed(stream: Any, data: memoryview) -> memoryview:
    """Write what it takes at once; returns what is left to write, nothing if nobody reads it."""
    try:
        return data[stream.write(data) :]
    except BrokenPipeError:
        return data[:0]
