"""The two ends of a component's network in one process: the caller's runs in a thread, the component's in the test."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agentctl.tools.fence import pin
from agentctl.tools.wasm.network import Channel, Exchange, Failure, Request, serve
from agentctl.tools.wasm.network.performing import Judge

PATIENCE = 20.0  # seconds that a test waits for what must happen


@contextmanager
def networked(*granted: str, timeout: float = PATIENCE, judge: Judge = pin) -> Iterator[Channel]:
    """A channel that is served until the block ends."""
    with raw(*granted, timeout=timeout, judge=judge) as ours:
        yield Channel(ours)


@contextmanager
def raw(*granted: str, timeout: float = PATIENCE, judge: Judge = pin) -> Iterator[socket.socket]:
    """The component's end of such a channel, as a socket."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: asyncio.run(serve(theirs, granted, timeout=timeout, judge=judge)))
    thread.start()
    try:
        with ours:
            ours.settimeout(PATIENCE)
            yield ours
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive(), "the network was served on although nobody was there"


def get(channel: Channel, url: str, path: str = "/", **more: object) -> Exchange:
    """Start an exchange with the server of a URL, and wait for the head of its answer, or its failure."""
    scheme, _, authority = url.partition("://")
    request = {"method": "GET", "scheme": scheme, "authority": authority, "path": path, **more}
    exchange = channel.send(Request(**request))  # type: ignore[arg-type]  # a test says what it likes
    while not (exchange.answer or exchange.failure):
        channel.wait(PATIENCE)
    return exchange


def failed(channel: Channel, url: str, path: str = "/", **more: object) -> str:
    """The code with which an exchange fails."""
    failure = get(channel, url, path, **more).failure
    assert isinstance(failure, Failure), "it was answered"
    return failure.code


def drained(channel: Channel, exchange: Exchange, limit: int = 1 << 20) -> bytes:
    """The rest of a body, taken in pieces of that size."""
    parts = bytearray()
    while (piece := exchange.take(limit)) is not None:
        parts += piece
        if not piece:
            channel.wait(PATIENCE)
    return bytes(parts)


def place(url: str) -> str:
    """The host and port of a server, as they are granted."""
    return url.partition("://")[2]
