"""One request and its answer over the socket of a call, from asyncio."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

from agentctl.tools.wasm.host.wire import HEADER, length
from agentctl.uninterrupted import uninterrupted

_CHUNK = 1 << 18


async def exchange(sock: socket.socket, message: bytes) -> dict[str, Any] | None:
    """Send the request and return the answer; None if the host process died meanwhile.

    Cancelling closes the connection, and is passed on when the host process has closed it too.
    """
    try:
        return await _converse(sock, message)
    except asyncio.CancelledError:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        await uninterrupted(_until_closed(sock))
        raise


async def _converse(sock: socket.socket, message: bytes) -> dict[str, Any] | None:
    loop = asyncio.get_running_loop()
    data = bytearray()
    try:
        await loop.sock_sendall(sock, message)
        while chunk := await loop.sock_recv(sock, _CHUNK):
            data += chunk
    except OSError:
        return None
    if len(data) < HEADER or len(data) != HEADER + length(data):
        return None
    answer: dict[str, Any] = json.loads(data[HEADER:])
    return answer


async def _until_closed(sock: socket.socket) -> None:
    """Wait until the host process has closed the call's connection, which it does when the call's process is gone."""
    with suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(sock, _CHUNK):
            pass
