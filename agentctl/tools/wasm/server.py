"""The host process: it holds wasmtime and the compiled components, has one thread, and forks a child for each call.

It is started by `Host` with an empty environment and a socket. Each message on that is one byte with open files: the
socket of one call, and behind it the channel for its network, if it has one. When the socket ends, so does this process,
and with it all of its children.
"""

from __future__ import annotations

import fcntl
import gc
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.wasm import child, confine
from agentctl.tools.wasm.cache import Cache
from agentctl.tools.wasm.connection import Connection
from agentctl.tools.wasm.ending import check
from agentctl.tools.wasm.loaded import Loaded
from agentctl.tools.wasm.loading import Loader
from agentctl.tools.wasm.process import Ended, Process
from agentctl.tools.wasm.reactor import READ, Reactor
from agentctl.tools.wasm.wire import Request, request_from_json

if TYPE_CHECKING:
    from wasmtime import Engine

GRACE = 0.1  # seconds from a call's deadline, when WebAssembly traps, until its process is killed

_CLEAR = 16  # above the files of a child


def main() -> None:
    """Serve until the socket ends. The arguments: the socket's number, the cache's directory, seconds to compile."""
    confine.die_with_parent()
    confine.keep_to_one_arena()
    from agentctl.tools.wasm import engine, instance, network  # noqa: F401, PLC0415 - ready in all forks

    control = socket.socket(fileno=fcntl.fcntl(int(sys.argv[-3]), fcntl.F_DUPFD_CLOEXEC, _CLEAR))
    os.close(int(sys.argv[-3]))
    control.setblocking(False)
    child.reserve()
    reactor = Reactor()
    ready = engine.make_engine()
    loader = Loader(reactor, ready, Cache(Path(sys.argv[-2])), float(sys.argv[-1]))
    reactor.watch(control.fileno(), READ, lambda: _accept(control, reactor, loader, ready))
    gc.freeze()  # what is here now is never garbage: looking through it would only make forks copy it
    reactor.run()
    os._exit(0)  # the children die with this process, or see that it is gone


def _accept(control: socket.socket, reactor: Reactor, loader: Loader, engine: Engine) -> None:
    try:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 2)
    except BlockingIOError:
        return
    except OSError:
        data, descriptors = b"", []
    if not data:
        reactor.stop()
    elif descriptors:
        _Call(reactor, loader, engine, *descriptors)


class _Call:
    """One call, from its request to its answer."""

    def __init__(self, reactor: Reactor, loader: Loader, engine: Engine, sock: int, network: int | None = None) -> None:
        self._reactor = reactor
        self._loader = loader
        self._engine = engine
        self._network = network
        self._cancel: Callable[[], bool] = lambda: False
        self._cancelled = False
        self._connection = Connection(reactor, socket.socket(fileno=sock), asked=self._load, gone=self._abandon)

    def _load(self, message: dict[str, Any]) -> None:
        request = request_from_json(message)
        try:
            self._cancel = self._loader.load(request.path, partial(self._start, request))
        except (AgentctlError, OSError) as error:
            self._answer(_failed(error))

    def _start(self, request: Request, loaded: Loaded | ToolError) -> None:
        if self._cancelled:
            self._close()
            return
        if isinstance(loaded, ToolError):
            self._answer(_failed(loaded))
            return
        job = partial(child.run_call, loaded, self._engine, request, self._network, os.getpid())
        most = request.limits.output
        caps = [most, most, most + child.ENVELOPE]
        seconds = request.limits.timeout + GRACE
        ended = partial(self._ended, loaded.origin)
        try:
            process = Process(self._reactor, caps=caps, seconds=seconds, job=job, ended=ended)
        except OSError as error:
            self._answer(_failed(error))
            return
        self._close_network()  # the child has it now, and its end must show at the other end

        def kill() -> bool:
            process.kill("cancelled")
            return True

        self._cancel = kill

    def _ended(self, origin: str, ended: Ended) -> None:
        if self._cancelled:
            self._close()
            return
        out, err = (text.decode(errors="replace") for text in ended.pipes[:2])
        try:
            message = check(ended, doing="the call", errors=ended.pipes[1])
        except ToolError as error:
            message = _failed(error)
        self._answer({**message, "stdout": out, "stderr": err, "duration_ms": ended.elapsed_ms, "cache": origin})

    def _abandon(self) -> None:
        """Nobody waits any more: the connection is closed as soon as what was started is gone, to tell that it is."""
        self._cancelled = True
        if not self._cancel():
            self._close()

    def _answer(self, message: dict[str, Any]) -> None:
        self._close_network()
        self._connection.answer(message)

    def _close(self) -> None:
        self._close_network()
        self._connection.close()

    def _close_network(self) -> None:
        if self._network is not None:
            os.close(self._network)
            self._network = None


def _failed(error: AgentctlError | OSError) -> dict[str, Any]:
    return {
        "code": getattr(error, "reason", "failed"),
        "message": str(error),
        "hint": getattr(error, "hint", None),
        "fuel": getattr(error, "fuel", None),
    }
