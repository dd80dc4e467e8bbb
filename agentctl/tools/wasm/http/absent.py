"""What wasi:filesystem 0.2 and wasi:sockets 0.2 are to a component that is granted hosts: there, and empty."""

from __future__ import annotations

from typing import Any

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.failures import IoError
from agentctl.tools.wasm.http.values import Err

_DENIED = Err("access-denied")


class NoFiles:
    """wasi:filesystem without a directory."""

    @exported
    def get_directories(self) -> list[Any]:
        """None."""
        return []

    @exported
    def filesystem_error_code(self, _error: IoError) -> None:
        """No error comes from a file."""


class NoSockets:
    """wasi:sockets without a socket."""

    @exported
    def create_tcp_socket(self, _family: str) -> Err:
        """Refuse it."""
        return _DENIED

    @exported
    def create_udp_socket(self, _family: str) -> Err:
        """Refuse it."""
        return _DENIED
