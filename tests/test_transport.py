"""The transport against a real server that misbehaves."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import re
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from support.server import CERTIFICATE, Drop, Pause, Send, Server, Stall, Step, answer, chunk, head, stream

from agentctl.errors import AgentctlError, ConfigError, ProviderError
from agentctl.transport import FAULTS, Response, SilenceError, Timeouts, Transport

T = TypeVar("T")

SHORT = Timeouts(connect=0.2, header=0.2, idle=0.2)
FOREVER: list[Step] = [Send(head(200, {"Transfer-Encoding": "chunked"})), Send(chunk(b"one")), Stall()]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies and no authorities but those that a test sets."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def run(work: Callable[[Transport], Awaitable[T]], timeouts: Timeouts | None = None, uds: str | None = None) -> T:
    """Run `work` with a transport in an event loop of its own."""

    async def main() -> T:
        transport = Transport(timeouts, uds=uds)
        try:
            return await work(transport)
        finally:
            await transport.aclose()

    return asyncio.run(main())


def get(
    url: str,
    timeouts: Timeouts | None = None,
    *,
    uds: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[Response, bytes]:
    """One request and the whole body of its answer."""

    async def work(transport: Transport) -> tuple[Response, bytes]:
        async with transport.stream("POST" if body else "GET", url, headers=headers, body=body) as response:
            return response, await response.read(1 << 20)

    return run(work, timeouts, uds)


def test_every_exception_of_httpx_is_mapped() -> None:
    """No exception of httpx, of this version or a later one, is without its line in the table."""
    raised = {
        name for name, value in vars(httpx).items() if inspect.isclass(value) and issubclass(value, BaseException)
    }
    assert raised == set(FAULTS)


def test_every_fault_can_be_told() -> None:
    """Each line of the table names only what there is to name."""
    for fault in FAULTS.values():
        message = fault.message.format(origin="O", detail=": D", connect=1.0, header=2.0, idle=3.0)
        assert not re.search("[{}]", message)


def test_a_request_and_its_answer() -> None:
    """The request arrives as given, asks for no compression, and names the program; the answer comes whole."""
    with Server(answer(201, {"a": 1}, {"X-Thing": "t"})) as server:
        response, body = get(f"{server.url}/path?q=1", headers={"X-Own": "o"}, body=b'{"b":2}')
    request = server.requests[0]
    assert (request.method, request.path, request.json) == ("POST", "/path?q=1", {"b": 2})
    assert request.headers["x-own"] == "o"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("agentctl/")
    assert (response.status, response.headers["x-thing"], response.headers["X-THING"]) == (201, "t", "t")
    assert body == b'{"a": 1}'


def test_a_download_in_ranges() -> None:
    """A range is asked for with a header and comes as any other answer."""
    with Server(answer(206, b"tail", {"Content-Range": "bytes 5-8/9"})) as server:
        response, body = get(server.url, headers={"Range": "bytes=5-"})
    assert (response.status, body, server.requests[0].headers["range"]) == (206, b"tail", "bytes=5-")


def test_chunks_arrive_as_they_are_sent() -> None:
    """A chunk is there before the server has sent the next."""
    script = [*stream(b"one", end=False), Stall(), Send(chunk(b"two")), Send(chunk(b""))]
    with Server(script) as server:

        async def work(transport: Transport) -> list[bytes]:
            async with transport.stream("GET", server.url) as response:
                chunks = [await anext(response.chunks)]
                server.release()
                return chunks + [data async for data in response.chunks]

        assert run(work) == [b"one", b"two"]


def test_connections_are_used_again() -> None:
    """Two requests one after the other need one connection."""
    with Server(answer(200, b"hello")) as server:

        async def work(transport: Transport) -> None:
            for _ in range(2):
                async with transport.stream("GET", server.url) as response:
                    assert await response.read(100) == b"hello"

        run(work)
        assert (len(server.requests), server.connections) == (2, 1)


def test_a_long_body_is_read_to_its_limit() -> None:
    """Of a body without end only the beginning is read."""
    with Server(FOREVER) as server:

        async def work(transport: Transport) -> bytes:
            async with transport.stream("GET", server.url) as response:
                return await response.read(2)

        assert run(work) == b"on"


def test_redirects_are_not_followed() -> None:
    """A redirect is an answer; nothing is sent to where it points."""
    with Server(answer(307, b"", {"Location": "/elsewhere"})) as server:
        response, _ = get(server.url, headers={"Authorization": "Bearer k"})
    assert response.status == 307
    assert len(server.requests) == 1


def test_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Unix socket every request goes there, and to no proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    path = tmp_path / "s.sock"
    with Server(answer(200, b"hello"), uds=path):
        assert get("http://model/x", uds=str(path))[1] == b"hello"


@contextmanager
def deaf() -> Iterator[str]:
    """The address of a socket that listens but takes no more connections."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):  # fill the queue of waiting connections: the kernel then ignores new ones
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_takes_no_connection() -> None:
    """The wait for a connection ends with the connect timeout; nothing was sent that could be billed."""
    with deaf() as url, pytest.raises(ProviderError, match=r"can't connect to http://127.* within 0.2 s") as caught:
        get(url, SHORT)
    assert (caught.value.transient, caught.value.billable) == (True, False)


def test_an_unknown_host() -> None:
    """A name that does not resolve is told as such, once, without the jargon around it."""
    with pytest.raises(ProviderError, match=r"^can't connect to http://nowhere\.invalid: [A-Z][a-z ]+$"):
        get("http://nowhere.invalid")


def test_a_refused_connection() -> None:
    """A port where nothing listens is named, with what to check."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderError, match=r"can't connect to http://127.*: Connection refused") as caught:
            get(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert (caught.value.transient, caught.value.billable) == (True, False)
    assert "base URL" in (caught.value.hint or "")


DRIP: list[Step] = [
    Send(b"HTTP/1.1 200 OK\r\n"),
    *[step for _ in range(100) for step in (Send(b"X-Drip: 1\r\n"), Pause(0.05))],
]
CHUNKED = {"Transfer-Encoding": "chunked"}

# name: (script, what the error says, its class)
FAILURES: dict[str, tuple[list[Step], str, type[ProviderError]]] = {
    "no headers": ([Stall()], r"sent no answer for 0.2 s", SilenceError),
    "headers in drips": (DRIP, r"sent no answer for 0.2 s", SilenceError),
    "a stall in the body": (FOREVER, r"went silent for 0.2 s", SilenceError),
    "gone without an answer": ([Drop()], r"broke: Server disconnected", ProviderError),
    "reset without an answer": ([Drop(reset=True)], r"broke: Connection reset", ProviderError),
    "cut in chunks": ([*FOREVER[:2], Drop()], r"broke: .*incomplete chunked read", ProviderError),
    "reset in chunks": ([*FOREVER[:2], Drop(reset=True)], r"broke: Connection reset", ProviderError),
    "a bad chunk": ([Send(head(200, CHUNKED) + b"zz\r\n")], r"broke: illegal chunk header: '", ProviderError),
    "short of its length": ([Send(head(200, {"Content-Length": "9"}) + b"x"), Drop()], r"broke: .*body", ProviderError),
    "no HTTP": (
        [Send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")],
        r"broke: illegal status line: 'SSH-2.0-OpenSSH_9.9'$",
        ProviderError,
    ),
    "a header with quotes": (
        [Send(b"HTTP/1.1 200 OK\r\nit's (b'x')\r\n\r\n")],
        r"""broke: illegal header line: "it.'s \(b.'x.'\)"$""",
        ProviderError,
    ),
    "endless headers": ([Send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000)], r"broke: ", ProviderError),
    "compression": (
        answer(200, gzip.compress(b"hello"), {"Content-Encoding": "GZIP"}),
        r"compressed its answer although asked not to: 'gzip'",
        ProviderError,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_server_is_a_provider_error(name: str) -> None:
    """Every way in which a server fails after the request was sent is told, and known to be perhaps billed."""
    script, message, kind = FAILURES[name]
    with Server(script) as server, pytest.raises(ProviderError, match=message) as caught:
        get(server.url, SHORT)
    assert type(caught.value) is kind
    assert server.url in caught.value.message
    assert caught.value.billable


@pytest.mark.parametrize(
    ("status", "encoding", "body"), [(200, "Identity", b"hello"), (500, "gzip", gzip.compress(b"hello", mtime=0))]
)
def test_no_body_is_decompressed(status: int, encoding: str, body: bytes) -> None:
    """A body comes as it was sent: that of an error, too, whatever it is packed in."""
    with Server(answer(status, body, {"Content-Encoding": encoding})) as server:
        response, told = get(server.url)
    assert (response.status, told) == (status, body)


def test_leaving_early_closes_the_connection() -> None:
    """Who leaves the block in mid-body has the connection closed at once."""
    with Server(FOREVER) as server:

        async def work(transport: Transport) -> None:
            async with transport.stream("GET", server.url) as response:
                await anext(response.chunks)
            await asyncio.to_thread(server.requests[0].wait_gone)

        run(work)


@pytest.mark.parametrize("script", [[Stall()], FOREVER], ids=["headers", "body"])
def test_cancelling_closes_the_connection(script: list[Step]) -> None:
    """A cancelled task leaves no request running, whether it waited for the headers or for the body."""
    with Server(script) as server:

        async def read(transport: Transport) -> None:
            async with transport.stream("GET", server.url) as response:
                await response.read(1 << 20)

        async def work(transport: Transport) -> None:
            task = asyncio.create_task(read(transport))
            request = await asyncio.to_thread(server.wait_request)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(request.wait_gone)

        run(work)


def test_errors_of_the_caller_pass_unchanged() -> None:
    """What the caller's own block raises is no failure of the server, even where it looks like one."""
    with Server(answer(200, b"hello")) as server:

        async def work(transport: Transport) -> None:
            async with transport.stream("GET", server.url) as response:
                async for _ in response.chunks:
                    raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space left"):
            run(work)


BAD_REQUESTS: dict[str, tuple[str, Mapping[str, str]]] = {
    "scheme": ("ftp://user:geheim@127.0.0.1/geheim", {}),
    "no scheme": ("127.0.0.1/geheim", {}),
    "no host": ("http:///geheim", {}),
    "port": ("http://user:geheim@127.0.0.1:99999999/geheim", {}),
    "brackets": ("http://user:geheim@[::1/geheim", {}),
    "header line": ("http://127.0.0.1:9", {"Authorization": "Bearer geheim\nX: y"}),
    "header bytes": ("http://127.0.0.1:9", {"Authorization": "Bearer geheim…"}),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_that_cant_be_sent_tells_no_secret(name: str) -> None:
    """An impossible address or header is a mistake of configuration, told without the key or password in it."""
    url, headers = BAD_REQUESTS[name]
    with Server(answer()) as server, pytest.raises(ConfigError) as caught:
        get(url.replace("http://127.0.0.1:9", server.url), headers=headers)
    error: BaseException | None = caught.value
    while error:
        assert "geheim" not in str(error)
        error = None if error.__suppress_context__ else error.__cause__ or error.__context__


def test_the_authorities_of_the_environment_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE says whom to trust; a server that is not in it is refused, and the way out is told."""
    with Server(answer(200, b"hello"), tls=True) as server:
        with pytest.raises(ProviderError, match="is not trusted: self-signed") as caught:
            get(server.url)
        assert "SSL_CERT_FILE" in (caught.value.hint or "")
        assert not caught.value.transient
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert get(server.url)[1] == b"hello"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SSL_CERT_FILE", "/nonexistent", "can't load the trusted certificates"),
        ("SSL_CERT_FILE", __file__, "can't load the trusted certificates"),
        ("HTTPS_PROXY", "gopher://geheim:geheim@127.0.0.1", "can't use the proxy"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", "can't use the proxy.*socks"),
    ],
)
def test_a_bad_environment_is_a_config_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """Certificates and proxies that can't be used are told with the variable to check, and without a password."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=message) as caught:
        get("https://127.0.0.1:9")
    assert variable in (caught.value.hint or "")
    assert "geheim" not in str(caught.value)


def test_plain_http_loads_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on loopback does not pay for, or fail by, certificates it does not use."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with Server(answer(200, b"hello")) as server:
        assert get(server.url)[1] == b"hello"


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY carries a request, unless NO_PROXY names its host."""
    with Server(answer(200, b"proxied")) as proxy, Server(answer(200, b"direct")) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert get("http://elsewhere.invalid/x")[1] == b"proxied"
        assert proxy.requests[0].path == "http://elsewhere.invalid/x"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert get(server.url)[1] == b"direct"


def test_a_refusing_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY is asked for a tunnel; when it refuses, the proxy is named as the culprit."""
    with Server(answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ProviderError, match=r"the proxy did not connect .*403") as caught:
            get("https://elsewhere.invalid/x")
    assert (proxy.requests[0].method, proxy.requests[0].path) == ("CONNECT", "elsewhere.invalid:443")
    assert not caught.value.billable


def python(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints that shows every warning, on stdout and stderr."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def test_httpx_is_loaded_late() -> None:
    """Importing the transport does not load httpx; a request does, but not httpx's command line."""
    code = """
import asyncio, sys
from agentctl.transport import Transport
print("httpx" in sys.modules)

async def main():
    async with Transport().stream("GET", sys.argv[1]) as response:
        print(response.status)

asyncio.run(main())
print("httpx" in sys.modules, "click" in sys.modules, "rich" in sys.modules)
"""
    with Server(answer(204)) as server:
        assert python(code, server.url) == "False\n204\nTrue False False\n"


LEAVE = """
import asyncio, sys
from agentctl.transport import Transport

async def main():
    transport = Transport()
    async with transport.stream("GET", sys.argv[1]) as response:
        async for chunk in response.chunks:
            break
    await transport.aclose()

asyncio.run(main())
"""


def test_leaving_early_makes_no_noise() -> None:
    """Leaving a body in its middle warns of nothing and prints nothing, up to the end of the process."""
    with Server(FOREVER) as server:
        assert python(LEAVE, server.url) == ""


def test_agentctl_errors_only() -> None:
    """Whatever the table makes of an exception, it is one of our errors."""
    assert all(issubclass(fault.error, AgentctlError) for fault in FAULTS.values())
