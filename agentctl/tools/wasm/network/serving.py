"""The caller's end: what is asked for is checked against the grants, done, and passed on a piece at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

from agentctl.errors import ToolError
from agentctl.tools.fence import pin
from agentctl.tools.wasm.network.frames import FRAME_LIMIT, HEADER, Failure, Frame, Kind, pack_failure, unpack_request
from agentctl.tools.wasm.network.grants import HostGrant
from agentctl.tools.wasm.network.performing import Judge, Performance, Terms

_AT_ONCE = 16  # exchanges; more are refused
_REFUSALS = 4096  # of these; who goes on all the same does not listen, and they would pile up here
_BUSY = Failure("connection-limit-reached", f"more than {_AT_ONCE} requests at once")


async def serve(
    sock: socket.socket,
    granted: Sequence[str],
    *,
    timeout: float,  # noqa: ASYNC109 - it returns then, and does not raise
    judge: Judge = pin,
) -> None:
    """Do what the process at the other end of `sock` asks for, until it closes it; then it is closed here too.

    Only hosts that are granted are talked to, at addresses that are public unless the very address is granted; no
    redirect is followed, no proxy used, and nothing of the user's sent along. Whatever is under way when this is
    cancelled, when the other end goes away or the time is up is cut off.

    Args:
        sock: a connected stream socket, which is closed in the end.
        granted: hosts as `HostGrant.parse` reads them.
        timeout: how many seconds all of it may take; after them `serve` returns.
        judge: looks up a host and says which of its addresses may be connected to; it may block.

    Raises:
        ToolError: a grant can't be read.
    """
    try:
        grants = [HostGrant.parse(text) for text in granted]
    except ToolError:
        sock.close()
        raise
    reader, writer = await asyncio.open_unix_connection(sock=sock, limit=FRAME_LIMIT)
    server = _Server(writer, Terms(grants, timeout, judge))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await server.run(reader)
    finally:
        await server.stop()
        writer.transport.abort()  # what it still holds is of no use to anybody
        with suppress(OSError):
            await writer.wait_closed()


class _Server:
    def __init__(self, writer: asyncio.StreamWriter, terms: Terms) -> None:
        self._writer = writer
        self._terms = terms
        self._refused = 0
        self._under_way: dict[int, tuple[Performance, asyncio.Task[None]]] = {}

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Hear what the other end says, until it says no more or no sense."""
        with suppress(asyncio.IncompleteReadError, OSError, ValueError):
            while True:
                self._hear(await _read(reader))

    async def stop(self) -> None:
        """Cut off everything that is under way."""
        tasks = [task for _, task in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, frame: Frame) -> None:
        number = frame.exchange
        if frame.kind is Kind.REQUEST:
            self._start(number, frame.payload)
        elif frame.kind not in {Kind.MORE, Kind.CANCEL}:
            raise ValueError(f"{frame.kind.name} is not the child's to say")
        elif under_way := self._under_way.get(number):
            performance, task = under_way
            if frame.kind is Kind.MORE:
                performance.wanted.set()
            else:
                task.cancel()

    def _start(self, number: int, payload: bytes) -> None:
        if number in self._under_way:
            raise ValueError(f"{number} is under way already")
        request = unpack_request(payload)
        if len(self._under_way) >= _AT_ONCE:
            self._refused += 1
            if self._refused > _REFUSALS:
                raise ValueError("it does not listen")
            self._writer.write(bytes(Frame(Kind.FAILED, number, pack_failure(_BUSY))))
            return
        performance = Performance(number, request, self._terms, self._say)
        task = asyncio.create_task(performance.run(), name=f"exchange {number} of a component")
        self._under_way[number] = performance, task
        task.add_done_callback(lambda _: self._under_way.pop(number, None))

    async def _say(self, frame: Frame) -> None:
        self._writer.write(bytes(frame))
        await self._writer.drain()


async def _read(reader: asyncio.StreamReader) -> Frame:
    kind, exchange, length = HEADER.unpack(await reader.readexactly(HEADER.size))
    if length > FRAME_LIMIT:
        raise ValueError("a frame beyond all bounds")
    return Frame(Kind(kind), exchange, await reader.readexactly(length))
