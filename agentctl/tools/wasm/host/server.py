"""The host process: it holds wasmtime and the compiled components, has one thread, and forks a child for each call.

It is started by `Host` with an empty environment and a socket. Each message on that is one byte with open files: the
socket of one call, and behind it the channel for its network, if it has one. When the socket ends, so does this
process, and with it all of its children.
"""

from __future__ import annotations

import fcntl
import gc
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agentctl.tools.wasm.compiled.cache import Cache
from agentctl.tools.wasm.host import child, confine
from agentctl.tools.wasm.host.calling import Call
from agentctl.tools.wasm.host.loading import Loader
from agentctl.tools.wasm.host.reactor import READ, Reactor

_CLEAR = 16  # above the files of a child


def main() -> None:
    """Serve until the socket ends.

    The arguments are the process that started it, the socket, the cache's directory, and seconds for compiling.
    """
    confine.die_with(int(sys.argv[-4]))
    confine.keep_to_one_arena()
    control = _control(int(sys.argv[-3]))
    child.prepare()
    from agentctl.tools.wasm.engine import make_engine  # noqa: PLC0415 - by now its allocations are in one arena

    reactor, engine = Reactor(), make_engine()
    loader = Loader(reactor, engine, Cache(Path(sys.argv[-2])), float(sys.argv[-1]))
    start: Callable[..., Call] = lambda *files: Call(reactor, loader, engine, *files)  # noqa: E731
    reactor.watch(control.fileno(), READ, lambda: _accept(control, reactor, start))
    gc.freeze()  # what is here now is never garbage: looking through it would only make forks copy it
    reactor.run()
    for item in list(reactor.due):
        item.expire()
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _control(fd: int) -> socket.socket:
    """The socket, out of the way of the files that a child gets."""
    control = socket.socket(fileno=fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _CLEAR))
    os.close(fd)
    control.setblocking(False)
    return control


def _accept(control: socket.socket, reactor: Reactor, start: Callable[..., Call]) -> None:
    try:
        data, files, _, _ = socket.recv_fds(control, 1, 2)
    except BlockingIOError:
        return
    except OSError:
        data, files = b"", []
    if not data:
        reactor.stop()
    elif files:
        start(*files)
