"""`agentctl:tool/http@0.1.0`, our own small interface: a request as a value, and an answer as a value.

`wit/tool.wit` has its types. The codes are those of `error-code` in wasi:http 0.2.
"""

from __future__ import annotations

import re
from typing import Any

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.polling import Pollable, Waiting
from agentctl.tools.wasm.http.values import Err, Ok
from agentctl.tools.wasm.network import Exchange, Failure, Network, Request

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_NO_URL = Failure("HTTP-request-URI-invalid", "the address does not begin with http:// or https://")
_PIECE = 1 << 20


class Fetching:
    """The function of agentctl:tool/http."""

    def __init__(self, network: Network, waiting: Waiting) -> None:
        self._network = network
        self._waiting = waiting

    @exported
    def fetch(self, request: dict[str, Any]) -> Ok | Err:
        """Send a request, and wait for all of its answer."""
        found = _URL.fullmatch(request["url"])
        if not found:
            return _err(_NO_URL)
        scheme, authority, path = found.groups()
        headers = tuple((name, value) for name, value in request["headers"])
        exchange = self._network.send(
            Request(request["method"], scheme.lower(), authority, path, headers, request["body"])
        )
        try:
            return self._drained(exchange)
        finally:
            exchange.cancel()

    def _drained(self, exchange: Exchange) -> Ok | Err:
        pieces = bytearray()
        Pollable(self._waiting, lambda: bool(exchange.answer or exchange.failure)).block()
        body = Pollable(self._waiting, exchange.ready)
        while exchange.failure is None:
            body.block()
            piece = exchange.take(_PIECE)
            if piece is None:
                break
            pieces += piece
        answer = exchange.answer
        if exchange.failure or answer is None:
            return _err(exchange.failure or _NO_URL)
        return Ok({"status": answer.status, "headers": list(answer.headers), "body": bytes(pieces)})


def _err(failure: Failure) -> Err:
    return Err({"code": failure.code, "message": failure.message})
