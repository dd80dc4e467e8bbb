"""HTTP as the rest needs it: send one request, stream the answer, translate every failure. The only user of httpx.

httpx is loaded with the first request, for that takes longer than all the rest of the program.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agentctl import __version__
from agentctl.errors import UNSENT, AgentctlError, ConfigError, ProviderError
from agentctl.redact import redact

if TYPE_CHECKING:
    import httpx

_KEEP_ALIVE = 60.0  # seconds an unused connection is kept: the next turn of a chat saves a TLS handshake
_DETAIL_LENGTH = 200

Pinning = Callable[[str, int], Awaitable[Sequence[str]]]
"""What says which addresses of a host and port may be connected to; it raises where that is none."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, for the headers once the request is sent, and between bytes of the body."""

    connect: float = 10.0
    header: float = 300.0
    idle: float = 300.0


@dataclass(frozen=True, slots=True)
class Response:
    """An answer whose body is still to come; `headers` finds a name in any case.

    `lines` has the headers as they came, names in lower case, a character for each byte (Latin-1).

    Iterating `chunks` raises `ProviderError` when the body breaks off or stalls.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    lines: Sequence[tuple[str, str]] = ()

    async def read(self, limit: int) -> bytes:
        """The body, or its beginning if it is longer than `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= limit:
                break
        return b"".join(parts)[:limit]


class SilenceError(ProviderError):
    """The server went silent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What to tell of a failure; `message` may name the {origin} of the URL, a {detail} and each of the timeouts."""

    message: str
    hint: str | None = None
    transient: bool = True
    error: type[AgentctlError] = ProviderError


_WAIT = "`--timeout SECONDS` waits longer"
_PROXY = "check HTTPS_PROXY and NO_PROXY"
_BROKEN = Fault("the connection to {origin} broke{detail}", "send it again")
_MISUSE = Fault("the exchange with {origin} went wrong{detail}", transient=False)
_BAD_URL = Fault("{origin} is not an http:// or https:// address", "check the base URL", error=ConfigError)
# No detail here: it would quote the header, and that may be the key.
_BAD_HEADER = Fault("a header of the request to {origin} has forbidden characters", "check the key", error=ConfigError)
_UNTRUSTED = Fault(
    "the certificate of {origin} is not trusted{detail}",
    "SSL_CERT_FILE names the authorities to trust",
    transient=False,
)
_NO_ANSWER = Fault("{origin} sent no answer for {header:g} s", _WAIT, error=SilenceError)

# All exceptions of httpx, by name because httpx is not loaded yet.
FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "ConnectTimeout": Fault("can't connect to {origin} within {connect:g} s", f"check the network; {_PROXY}"),
        "ReadTimeout": Fault("{origin} went silent for {idle:g} s", _WAIT, error=SilenceError),
        "WriteTimeout": Fault("{origin} took no data for {idle:g} s", _WAIT, error=SilenceError),
        "PoolTimeout": Fault("no connection to {origin} became free", error=SilenceError),
        "TimeoutException": Fault("{origin} took too long", _WAIT, error=SilenceError),
        "ConnectError": Fault("can't connect to {origin}{detail}", "check the base URL, and that the server runs"),
        "ProxyError": Fault("the proxy did not connect to {origin}{detail}", _PROXY),
        "ReadError": _BROKEN,
        "WriteError": _BROKEN,
        "CloseError": _BROKEN,
        "NetworkError": _BROKEN,
        "RemoteProtocolError": _BROKEN,
        "ProtocolError": _BROKEN,
        "TransportError": _BROKEN,
        "LocalProtocolError": _BAD_HEADER,
        "UnsupportedProtocol": _BAD_URL,
        "InvalidURL": _BAD_URL,
        "DecodingError": Fault("{origin} sent a body that does not decompress", transient=False),
        "TooManyRedirects": _MISUSE,
        "RequestError": _MISUSE,
        "HTTPStatusError": _MISUSE,
        "HTTPError": _MISUSE,
        "CookieConflict": _MISUSE,
        "StreamError": _MISUSE,
        "StreamConsumed": _MISUSE,
        "StreamClosed": _MISUSE,
        "ResponseNotRead": _MISUSE,
        "RequestNotRead": _MISUSE,
    }
)


class Transport:
    """A pool of HTTP connections for one event loop, made when the first request needs it.

    Proxies come from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, trusted authorities from SSL_CERT_FILE or
    SSL_CERT_DIR. Redirects are not followed: a key must not travel to where a server points.

    Args:
        timeouts: how long to wait for what.
        uds: the path of a Unix socket that every request goes to, whatever its address says.
        start_hint: what to do where nobody listens; empty knows no more than that the server may not run.
        pinned: asked before every request for the addresses that its host may be connected to, and no name is looked
            up besides. The certificate must still be the host's. No proxy is used: it would look up the name again.
    """

    def __init__(
        self,
        timeouts: Timeouts | None = None,
        *,
        uds: str | None = None,
        start_hint: str = "",
        pinned: Pinning | None = None,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._pinned = pinned
        self._start_hint = start_hint
        self._uds = uds
        self._clients: dict[bool, httpx.AsyncClient] = {}

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AsyncGenerator[Response, None]:
        """Send a request, and hold its connection until the block ends; leaving early closes it at once.

        Any status is an answer, not an error. Nothing is sent twice: trying again is the caller's decision. A body is
        told as it comes; one that is compressed although we ask for none that is goes unread, unless it is an error's.

        Raises:
            ProviderError: there was no answer; `billable` once the whole request had been sent.
            ConfigError: the address, a header, a proxy or the certificates can't be used.
            AgentctlError: whatever `pinned` raised; nothing was sent.
        """
        exchange = _Exchange(url, self._timeouts, self._start_hint)
        with exchange.translated():
            client = self._client(secure=url[:6].lower() == "https:")
            request = client.build_request(method, url, headers=headers, content=body, extensions=exchange.extensions)
            response = await exchange.send(client, request, self._pinned)
        try:
            exchange.check_encoding(response)
            async with aclosing(exchange.chunks(response)) as chunks:
                lines = [
                    (name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in response.headers.raw
                ]
                yield Response(response.status_code, response.headers, chunks, lines)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()

    def _client(self, *, secure: bool) -> httpx.AsyncClient:
        if secure not in self._clients:
            self._clients[secure] = _open_client(self._uds, secure=secure, pinned=self._pinned is not None)
        return self._clients[secure]


class _Exchange:
    """One request and its answer: what was sent so far, how long to wait, and what its failures mean."""

    def __init__(self, url: str, timeouts: Timeouts, start_hint: str) -> None:
        self._origin = _origin(url)
        self._start_hint = start_hint
        self._timeouts = timeouts
        self._deadline = asyncio.timeout(None)
        self._tunnels = False
        self._sent = self._answered = self._fresh = False
        connect, idle = timeouts.connect, timeouts.idle
        # httpx knows one read timeout. Until the headers are there `_deadline` stands in for it.
        self._limits: dict[str, float | None] = {"connect": connect, "read": None, "write": idle, "pool": connect}
        self.extensions = {"timeout": self._limits, "trace": self._trace}

    async def send(
        self, client: httpx.AsyncClient, request: httpx.Request, pinned: Pinning | None = None
    ) -> httpx.Response:
        """Send the request and return the answer once its headers are there."""
        async with self._deadline:
            if pinned:
                response = await self._send_pinned(client, request, pinned)
            else:
                response = await client.send(request, stream=True)
        self._answered = True
        self._limits["read"] = self._timeouts.idle  # looked at when the body's first byte is asked for
        return response

    async def _send_pinned(self, client: httpx.AsyncClient, request: httpx.Request, pinned: Pinning) -> httpx.Response:
        """Send the request to the first address that takes the connection, in the name of the host."""
        httpx = _load_httpx()
        host = request.url.raw_host.decode("ascii")
        request.extensions["sni_hostname"] = host  # what the certificate is checked against
        failure: Exception = httpx.ConnectError(f"no address of {host} may be connected to")
        try:
            async with asyncio.timeout(self._timeouts.connect):
                addresses = await pinned(host, request.url.port or {"https": 443}.get(request.url.scheme, 80))
        except TimeoutError:
            raise httpx.ConnectTimeout("the name was not resolved in time") from None
        for address in addresses:
            request.url = request.url.copy_with(host=address)
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    def check_encoding(self, response: httpx.Response) -> None:
        """Refuse a body that is compressed, against what was asked: a few bytes of it could fill the memory."""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if response.is_success and encoding not in {"", "identity"}:
            raise ProviderError(
                f"{self._origin} compressed its answer although asked not to: {encoding[:_DETAIL_LENGTH]!r}",
                hint="check the base URL, and any proxy on the way",
                billable=self._sent,
            )

    async def chunks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The body as it arrives. `stream` is the shortest way through httpx; it does not decompress."""
        with self.translated():
            async for chunk in response.stream:  # type: ignore[union-attr]  # an async client's stream is async
                yield chunk

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what httpx raises as our own errors, told without secrets."""
        httpx = _load_httpx()
        try:
            yield
        except (httpx.LocalProtocolError, UnicodeError) as error:  # it quotes the header
            raise self._error(_BAD_HEADER, error) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError) as error:
            raise self._error(FAULTS[type(error).__name__], error) from error
        except asyncio.CancelledError:
            if self._sent:
                raise
            raise asyncio.CancelledError(UNSENT) from None
        except TimeoutError as error:
            raise self._error(_NO_ANSWER, error) from error
        except OSError as error:  # TLS trouble in mid-stream, which httpx lets pass
            raise self._error(_BROKEN, error) from error

    async def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        if name.startswith("connection.connect_"):
            self._fresh = True
        elif name == "http11.send_request_body.started":  # not told of its end: which request it is, a tunnel's or ours
            self._tunnels = info["request"].method == b"CONNECT"
        elif name == "http11.send_request_body.complete":
            self._sent = not self._tunnels
        elif name == "http11.receive_response_headers.started" and not self._tunnels:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._timeouts.header)

    def _error(self, fault: Fault, error: Exception) -> AgentctlError:
        cause = _root(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            fault = _UNTRUSTED
        message = fault.message.format(origin=self._origin, detail=_detail(cause), **asdict(self._timeouts))
        if issubclass(fault.error, ProviderError):
            # A kept connection that breaks before it answers was closed before it got the request: some servers
            # (llama.cpp) close one without a word, and it may take our request just before that is noticed.
            stale = fault is _BROKEN and not self._fresh and not self._answered
            hint = self._start_hint if isinstance(cause, ConnectionRefusedError) and self._start_hint else fault.hint
            return fault.error(message, hint=hint, transient=fault.transient, billable=self._sent and not stale)
        return fault.error(message, hint=fault.hint)


def _load_httpx() -> Any:
    if "httpx" not in sys.modules:
        # Its command line, 70 ms of click and rich wherever click happens to be installed; httpx runs without.
        sys.modules["httpx._main"] = None  # type: ignore[assignment]
    import httpx  # noqa: PLC0415 - see the module

    return httpx


def _open_client(uds: str | None, *, secure: bool, pinned: bool = False) -> httpx.AsyncClient:
    httpx = _load_httpx()
    # A context without authorities trusts nobody, and costs nothing to make.
    verify: bool | ssl.SSLContext = True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A pool knows a pinned connection by its address: kept, it would serve another host whose certificate nobody saw.
    limits = httpx.Limits(keepalive_expiry=_KEEP_ALIVE, max_keepalive_connections=0 if pinned else None)
    headers = {"Accept-Encoding": "identity", "User-Agent": f"agentctl/{__version__}"}
    try:
        # Naming the transport keeps the proxies of the environment out.
        transport = httpx.AsyncHTTPTransport(uds=uds, verify=verify, limits=limits) if uds or pinned else None
        return httpx.AsyncClient(verify=verify, limits=limits, transport=transport, headers=headers)  # type: ignore[no-any-return]
    except OSError as error:
        raise ConfigError(
            f"can't load the trusted certificates: {error}", hint="check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"can't use the proxy: {redact(str(error))}", hint="check HTTPS_PROXY and ALL_PROXY"
        ) from None


def _origin(url: str) -> str:
    """The part of an address that may be shown: no user, password, path or query."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError as error:
        raise ConfigError(_BAD_URL.message.format(origin="the URL"), hint=_BAD_URL.hint) from error
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _root(error: BaseException) -> BaseException:
    while cause := _cause(error):
        error = cause
    return error


def _cause(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):  # one for each address of the host
        return error.exceptions[0]
    return error.__cause__ or error.__context__


def _detail(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError(verify_message=str(text)) | socket.gaierror(strerror=str(text)):
            pass
        case OSError(errno=int(number)) if not isinstance(error, ssl.SSLError):
            text = os.strerror(number)  # asyncio puts a text of its own into `strerror`
        case _:
            text = re.sub(r"""bytearray\(b(['"].*['"])\)""", r"\1", str(error))  # h11 quotes lines as it holds them
    return f": {redact(' '.join(text.split()))[:_DETAIL_LENGTH]}" if text else ""
