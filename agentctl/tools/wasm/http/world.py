"""What the functions that a component imports do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from agentctl.tools.wasm.http.absent import NoFiles, NoSockets
from agentctl.tools.wasm.http.cli import StandardStreams
from agentctl.tools.wasm.http.clocks import MonotonicClock
from agentctl.tools.wasm.http.exported import exported, find
from agentctl.tools.wasm.http.failures import IoError, error_code
from agentctl.tools.wasm.http.fetching import Fetching
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.interfaces import ABSENT, OWNERS, RESOURCES
from agentctl.tools.wasm.http.polling import Pollable, Waiting
from agentctl.tools.wasm.http.requests import OutgoingRequest, RequestOptions
from agentctl.tools.wasm.http.responses import FutureIncomingResponse
from agentctl.tools.wasm.http.values import Case, Ok
from agentctl.tools.wasm.network import Network


class World:
    """What one component finds.

    Args:
        network: where its requests go.
        stdout_fd: the descriptor of its standard output.
        stderr_fd: and of its standard error.
        now: what its monotonic clock shows, in ns.
    """

    kinds: ClassVar[Mapping[str, type]] = {**RESOURCES, **{name: type(name, (), {}) for name in ABSENT}}
    interfaces: ClassVar[frozenset[str]] = frozenset(OWNERS)

    def __init__(self, network: Network, stdout_fd: int, stderr_fd: int, now: Callable[[], int]) -> None:
        self._network = network
        self._waiting = Waiting(network)
        self._owners: Mapping[str, object] = {
            "world": self,
            "streams": StandardStreams(self._waiting, stdout_fd, stderr_fd),
            "clock": MonotonicClock(self._waiting, now),
            "fetching": Fetching(network, self._waiting),
            "files": NoFiles(),
            "sockets": NoSockets(),
        }

    def function(self, interface: str, name: str) -> Callable[..., Any] | None:
        """What a function does, by the name that it has in a component; None is one that is not known."""
        kind, _, full = name.rpartition("]")
        resource, _, method = full.partition(".")
        if not kind:
            found = self._free(OWNERS[interface], name)
        elif kind == "[constructor":
            found = self._constructor(resource)
        elif resource in RESOURCES:
            found = find(RESOURCES[resource], method, static=kind == "[static")
        else:
            found = None
        return found

    def refuses(self, interface: str, name: str) -> bool:
        """Whether a function that is not known is one of what is never made, and so may stand there to be refused."""
        resource = name.rpartition("]")[2].partition(".")[0]
        return resource in ABSENT or OWNERS[interface] in {"files", "sockets"}

    def _free(self, named: str, name: str) -> Callable[..., Any] | None:
        owner = self._owners[named]
        found = find(type(owner), name, static=False)
        return partial(found, owner) if found else None

    def _constructor(self, resource: str) -> Callable[..., Any] | None:
        plain: Mapping[str, Callable[..., Any]] = {
            "fields": Fields,
            "request-options": RequestOptions,
            "outgoing-request": partial(OutgoingRequest, self._waiting),
        }
        return plain.get(resource)

    @exported
    def poll(self, pollables: list[Pollable]) -> list[int]:
        """wasi:io/poll `poll`: wait until one is ready, and tell which are."""
        return self._waiting.until(pollables)

    @exported
    def http_error_code(self, error: IoError) -> Case | None:
        """wasi:http/types `http-error-code`: what an error of a stream means."""
        return error_code(error.failure)

    @exported
    def handle(self, request: OutgoingRequest, options: RequestOptions | None) -> Ok:
        """wasi:http/outgoing-handler `handle`: send a request, as soon as its body is whole."""
        future = FutureIncomingResponse(self._network, self._waiting)
        request.when_whole(options, future.start)
        return Ok(future)
