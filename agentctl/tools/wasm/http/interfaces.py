"""The interfaces and resources that a component finds here, by their names without a version."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.tools.wasm.http.bodies import OutgoingBody
from agentctl.tools.wasm.http.failures import IoError
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.polling import Pollable
from agentctl.tools.wasm.http.requests import OutgoingRequest, RequestOptions
from agentctl.tools.wasm.http.responses import FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse
from agentctl.tools.wasm.http.streams import InputStream, OutputStream

RESOURCES: Mapping[str, type] = {
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
ABSENT = (
    "incoming-request",
    "outgoing-response",
    "response-outparam",
    "terminal-input",
    "terminal-output",
    "descriptor",
    "directory-entry-stream",
    "network",
    "tcp-socket",
    "udp-socket",
    "incoming-datagram-stream",
    "outgoing-datagram-stream",
    "resolve-address-stream",
)
_SOCKETS = ("network", "instance-network", "ip-name-lookup", "tcp", "tcp-create-socket", "udp", "udp-create-socket")
_STREAMS = (
    "stdin",
    "stdout",
    "stderr",
    "terminal-input",
    "terminal-output",
    "terminal-stdin",
    "terminal-stdout",
    "terminal-stderr",
)
# What has the functions of each interface that are no methods.
OWNERS: Mapping[str, str] = {
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
