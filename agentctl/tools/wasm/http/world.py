"""All interfaces that a component finds here, by their names without a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from agentctl.tools.wasm.http.cli import StandardStreams
from agentctl.tools.wasm.http.clocks import MonotonicClock
from agentctl.tools.wasm.http.exported import exported, find, refusal
from agentctl.tools.wasm.http.failures import error_code
from agentctl.tools.wasm.http.fetching import Fetching
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.bodies import OutgoingBody
from agentctl.tools.wasm.http.io import InputStream, IoError, OutputStream, Pollable, Waiting
from agentctl.tools.wasm.http.requests import OutgoingRequest, RequestOptions
from agentctl.tools.wasm.http.responses import FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import Network

_RESOURCES: Mapping[str, type] = {
    "error": IoError,
    "io-error": IoError,  # as wasi:http/types calls it
    "pollable": Pollable,
    "input-stream": InputStream,
    "output-stream": OutputStream,
    "fields": Fields,
    "headers": Fields,
    "trailers": Fields,
    "outgoing-request": OutgoingRequest,
    "request-options": RequestOptions,
    "outgoing-body": OutgoingBody,
    "future-incoming-response": FutureIncomingResponse,
    "incoming-response": IncomingResponse,
    "incoming-body": IncomingBody,
    "future-trailers": FutureTrailers,
}
# None of these is ever made: there is nothing to answer to, no terminal, and neither files nor sockets.
_ABSENT = (
    "incoming-request outgoing-response response-outparam terminal-input terminal-output descriptor"
    " directory-entry-stream network tcp-socket udp-socket incoming-datagram-stream outgoing-datagram-stream"
    " resolve-address-stream"
).split()
_SOCKETS = "network instance-network ip-name-lookup tcp tcp-create-socket udp udp-create-socket".split()
_STREAMS = "stdin stdout stderr terminal-input terminal-output terminal-stdin terminal-stdout terminal-stderr".split()
# What has the functions of each interface that are no methods.
_OWNERS: Mapping[str, str] = {
    "wasi:io/error": "world",
    "wasi:io/poll": "world",
    "wasi:io/streams": "world",
    "wasi:http/types": "world",
    "wasi:http/outgoing-handler": "world",
    "wasi:clocks/monotonic-clock": "clock",
    "wasi:filesystem/types": "files",
    "wasi:filesystem/preopens": "files",
    "agentctl:tool/http": "fetching",
    **{f"wasi:cli/{name}": "streams" for name in _STREAMS},
    **{f"wasi:sockets/{name}": "sockets" for name in _SOCKETS},
}
_DENIED = Err("access-denied")


class World:
    """What one component finds.

    Args:
        network: where its requests go.
        stdout_fd: the descriptor of its standard output.
        stderr_fd: and of its standard error.
        now: what its monotonic clock shows, in ns.
    """

    kinds: ClassVar[Mapping[str, type]] = {**_RESOURCES, **{name: type(name, (), {}) for name in _ABSENT}}
    interfaces: ClassVar[frozenset[str]] = frozenset(_OWNERS)

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
            found = self._free(_OWNERS[interface], name)
        elif kind == "[constructor":
            found = self._constructor(resource)
        elif resource in _RESOURCES:
            found = find(_RESOURCES[resource], method, static=kind == "[static")
        else:
            found = None
        refused = resource in _ABSENT or _OWNERS[interface] in {"files", "sockets"}
        return refusal(f"{interface} {name}") if refused and found is None else found

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


class NoFiles:
    """wasi:filesystem without a directory."""

    @exported
    def get_directories(self) -> list[Any]:
        """None."""
        return []

    @exported
    def filesystem_error_code(self, error: IoError) -> None:
        """No error comes from a file."""


class NoSockets:
    """wasi:sockets without a socket."""

    @exported
    def create_tcp_socket(self, family: str) -> Err:
        """Refuse it."""
        return _DENIED

    @exported
    def create_udp_socket(self, family: str) -> Err:
        """Refuse it."""
        return _DENIED
