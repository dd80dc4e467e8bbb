"""A small HTTP/1.1 server on loopback that answers exactly as a test scripts it, faults included.

A script is the list of steps that answers one request; the n-th request gets the n-th script, and the last script
answers all that follow. A script may also be a function of the recorded request.

    with Server(answer(429, {"error": {}}, {"Retry-After": "0"}), stream(*sse({"x": 1}, "[DONE]"))) as server:
        …                                  # talk to server.url
    assert server.requests[0].json["model"] == "m"

Steps: `Send` exact bytes, `Pause`, `Stall` (silence until `server.release()`, or the client leaves), `Drop` (close, or
reset, the connection). A connection stays open after its script for the next request, unless the script drops it.
`answer`, `stream`, `sse`, `head` and `chunk` make the usual bytes; `support.completions` makes whole model answers.

As a program (`python tests/support/server.py --chunks 20000`) it answers every request with that many chat completion
chunks at full speed, prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 20.0  # seconds a test waits for what must happen
CERTIFICATE = Path(__file__).with_name("loopback.pem")  # for 127.0.0.1 and localhost, its own authority


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Be silent for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Be silent until the test calls `release` or the client leaves."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection; `reset` does it with an RST."""

    reset: bool = False


Step = Send | Pause | Stall | Drop
Script = Sequence[Step]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it arrived; header names in lower case. `gone` is set when the client leaves before the end."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    gone: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    def wait_gone(self) -> None:
        """Wait until the client has left in the middle of the answer."""
        assert self.gone.wait(PATIENCE), "the client kept its connection open"


Responder = Callable[[Recorded], Script]


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """The status line and headers of a response."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status in set(HTTPStatus) else 'Unknown'}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; no data ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(
    status: int = 200, body: bytes | str | Mapping[str, Any] = b"", headers: Mapping[str, str] | None = None
) -> list[Step]:
    """A whole response of known length; a mapping is sent as JSON."""
    content = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return [Send(head(status, {**content, "Content-Length": str(len(data)), **(headers or {})}) + data)]


def stream(*chunks: bytes, end: bool = True, headers: Mapping[str, str] | None = None) -> list[Step]:
    """A chunked event stream, one HTTP chunk each; without `end` it is left open for the steps that follow."""
    opening = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **(headers or {})}
    return [Send(head(200, opening)), *(Send(chunk(data)) for data in chunks), *([Send(chunk(b""))] if end else [])]


def sse(*payloads: Mapping[str, Any] | str) -> list[bytes]:
    """Server-sent events of these data, in bytes; a mapping is sent as JSON."""
    texts = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in payloads]
    return [f"data: {text}\n\n".encode() for text in texts]


class Server:
    """The server, run by a thread of its own between `with` and its end.

    Args:
        scripts: what answers each request; see the module.
        uds: listen on this Unix socket instead of a TCP port.
        tls: speak TLS with `CERTIFICATE`.
    """

    def __init__(self, *scripts: Script | Responder, uds: Path | None = None, tls: bool = False) -> None:
        self.requests: list[Recorded] = []
        self.connections = 0
        self.url = "http://localhost" if uds else ""
        self._scripts = scripts
        self._uds = uds
        self._tls = _server_context() if tls else None
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="test server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the test server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(PATIENCE)

    def release(self) -> None:
        """Let stalled answers go on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def wait_request(self, number: int = 1) -> Recorded:
        """Wait for the n-th request, counted from one."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= number, PATIENCE), f"no request {number}"
        return self.requests[number - 1]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        self._released = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        if self._uds:
            server = await asyncio.start_unix_server(self._connection, self._uds)
        else:
            server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._tls)
            scheme = "https" if self._tls else "http"
            self.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            await self._turn()  # a server that closes while it accepts a connection loses its socket
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._abort_all()

    async def _abort_all(self) -> None:
        """Close every socket, also of clients that are in the middle of a TLS handshake."""
        for transport in list(self._loop._transports.values()):  # type: ignore[attr-defined]  # no public way to these
            transport.abort()
        await self._turn()

    async def _turn(self) -> None:
        """Let what is under way in the event loop come to its end."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        self.connections += 1
        try:
            while request := await _read_request(reader):
                with self._changed:
                    self.requests.append(request)
                    number = len(self.requests)
                    self._changed.notify_all()
                await self._play(self._script(number, request), request, reader, writer)
        except ConnectionError:
            pass  # the client left, or the script dropped it
        except asyncio.CancelledError:
            writer.transport.abort()  # the test is over
        finally:
            self._open.discard(task)
            writer.close()

    def _script(self, number: int, request: Recorded) -> Script:
        script = self._scripts[min(number, len(self._scripts)) - 1]
        return script(request) if callable(script) else script

    async def _play(
        self, script: Script, request: Recorded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            for step in script:
                await self._step(step, reader, writer)
        except ConnectionError:
            if not isinstance(step, Drop):
                request.gone.set()
            raise

    async def _step(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match step:
            case Send(data):
                writer.write(data)
                await writer.drain()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Stall():
                await self._stall(reader)
            case Drop(reset):
                await _drop(writer, reset=reset)
                raise ConnectionAbortedError

    async def _stall(self, reader: asyncio.StreamReader) -> None:
        released = asyncio.ensure_future(self._released.wait())
        left = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((released, left), return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                raise ConnectionResetError(left.result())
        finally:
            released.cancel()
            left.cancel()
            await asyncio.gather(released, left, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader) -> Recorded | None:
    try:
        top = await reader.readuntil(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, path, _ = first.split(" ")
        return Recorded(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))
    except asyncio.IncompleteReadError:
        return None


async def _drop(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def full_speed(chunks: int) -> list[Step]:
    """A chat completion of this many content chunks, one HTTP chunk each, written as fast as the socket takes it."""
    return [Send(b"".join(_completion(chunks)))]


def _completion(chunks: int) -> Iterator[bytes]:
    yield head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
    common = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1790000000, "model": "bench"}
    for number in range(chunks):
        choice = {"index": 0, "delta": {"content": f" word{number}"}, "logprobs": None, "finish_reason": None}
        yield chunk(sse({**common, "choices": [choice], "usage": None})[0])
    ending = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": chunks, "total_tokens": chunks + 9}
    yield chunk(sse({**common, "choices": [ending], "usage": None})[0])
    yield chunk(sse({**common, "choices": [], "usage": usage})[0])
    yield chunk(sse("[DONE]")[0]) + chunk(b"")


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chunks", type=int, required=True)
    with Server(full_speed(parser.parse_args().chunks)) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
