"""One call in the host process, from its request to its answer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.wasm.host import child
from agentctl.tools.wasm.host.connection import Connection
from agentctl.tools.wasm.host.ending import Message, check, failure
from agentctl.tools.wasm.host.loaded import Loaded
from agentctl.tools.wasm.host.loading import Loader
from agentctl.tools.wasm.host.process import Ended, Process
from agentctl.tools.wasm.host.reactor import Reactor
from agentctl.tools.wasm.host.wire import Request, request_from_json

if TYPE_CHECKING:
    from wasmtime import Engine

GRACE = 0.1  # seconds from a call's deadline, when WebAssembly traps, until its process is killed


class Call:
    """A call whose request is to come from `sock`, and whose process gets `network`, if that is given.

    When the caller goes away, what was started is killed, and the socket is closed when it is gone.
    """

    def __init__(self, reactor: Reactor, loader: Loader, engine: Engine, sock: int, network: int | None = None) -> None:
        self._reactor = reactor
        self._loader = loader
        self._engine = engine
        self._network = network
        self._stop: Callable[[], bool] | None = None
        self._abandoned = False
        self._connection = Connection(reactor, socket.socket(fileno=sock), asked=self._load, gone=self._abandon)

    def _load(self, message: Message) -> None:
        request = request_from_json(message)
        try:
            self._stop = self._loader.load(request.path, partial(self._loaded, request)) or self._stop
        except (AgentctlError, OSError) as error:
            self._answer(failure(error))

    def _loaded(self, request: Request, loaded: Loaded | ToolError) -> None:
        if self._abandoned or isinstance(loaded, ToolError):
            self._answer({} if isinstance(loaded, Loaded) else failure(loaded))
            return
        try:
            self._start(request, loaded)
        except (ImportError, OSError) as error:
            self._answer(failure(error))

    def _start(self, request: Request, loaded: Loaded) -> None:
        if self._network is not None:
            child.prepare_network()
        most = request.limits.output
        process = Process(
            self._reactor,
            caps=[most, most, most + child.ENVELOPE],
            seconds=request.limits.timeout + GRACE,
            job=partial(child.run_call, loaded, self._engine, request, self._network),
            ended=partial(self._ended, loaded),
        )
        self._close_network()  # the child has it now, and its end must show at the other end
        self._stop = process.cancel

    def _ended(self, loaded: Loaded, ended: Ended) -> None:
        out, err, result = ended.pipes
        try:
            message = check(ended, result, doing="the call", errors=err)
        except ToolError as error:
            message = failure(error)
        texts = {"stdout": out.decode(errors="replace"), "stderr": err.decode(errors="replace")}
        self._answer(message | {**texts, "duration_ms": ended.elapsed_ms, "cache": loaded.origin})

    def _abandon(self) -> None:
        if self._abandoned:
            return
        self._abandoned = True
        if self._stop is None or not self._stop():
            self._answer({})

    def _answer(self, message: Message) -> None:
        """Answer, or if nobody waits any more just close."""
        self._close_network()
        if self._abandoned:
            self._connection.close()
        else:
            self._connection.answer(message)

    def _close_network(self) -> None:
        if self._network is not None:
            os.close(self._network)
            self._network = None
