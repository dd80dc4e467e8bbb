"""One caller's connection to the host process: a request comes in, an answer goes out, and either may take a while."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from agentctl.tools.wasm.host.reactor import READ, WRITE, Reactor
from agentctl.tools.wasm.host.wire import HEADER, frame, length

_CHUNK = 1 << 18


class Connection:
    """Reads one request from `sock` and then waits until it is answered, or its other end is closed.

    Args:
        asked: told the request.
        gone: told that nobody waits for the answer any more; `close` is still to be called.
    """

    def __init__(
        self,
        reactor: Reactor,
        sock: socket.socket,
        *,
        asked: Callable[[dict[str, Any]], None],
        gone: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._sock = sock
        self._asked = asked
        self._gone = gone
        self._incoming = bytearray()
        self._outgoing = memoryview(b"")
        sock.setblocking(False)
        reactor.watch(sock.fileno(), READ, self._receive)

    def answer(self, message: dict[str, Any]) -> None:
        """Send the answer, as fast as it is taken, and close."""
        self._outgoing = memoryview(frame(message))
        self._reactor.watch(self._sock.fileno(), WRITE, self._send)

    def close(self) -> None:
        """Close it; whoever waits sees that there is no answer."""
        self._reactor.unwatch(self._sock.fileno())
        self._sock.close()

    def _receive(self) -> None:
        try:
            data = self._sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._reactor.unwatch(self._sock.fileno())
            self._gone()
            return
        self._incoming += data
        end = HEADER + length(self._incoming)
        if len(self._incoming) >= HEADER and len(self._incoming) == end:
            request, self._incoming = json.loads(self._incoming[HEADER:]), bytearray()
            self._asked(request)

    def _send(self) -> None:
        try:
            sent = self._sock.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError:  # nobody waits any more
            self.close()
            return
        self._outgoing = self._outgoing[sent:]
        if not self._outgoing:
            self.close()
