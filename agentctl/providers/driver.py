"""The way from a request to events that all providers over HTTP share; a codec knows what one API says."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from agentctl import sse
from agentctl.errors import UNSENT, ProviderError
from agentctl.events import Done, Retry, StreamEvent
from agentctl.messages import Message
from agentctl.providers.base import Capabilities, Preview, Request
from agentctl.providers.retries import Retries, heed
from agentctl.redact import MARK
from agentctl.transport import Response, Transport
from agentctl.usage import Usage

_REFUSAL_LIMIT = 64 * 1024  # bytes read of an error's body
_REFUSAL_SECONDS = 1.0  # to read them in
_OK = 200
_STREAM = "text/event-stream"
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_GRACE = 3.0  # seconds that a whole answer is given for its usage and its end
_LAST_BYTES = 0.1  # seconds that a finished answer is given to end its body, so that its connection can be used again


class AnswerDecoder(Protocol):
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it."""

    @property
    def begun(self) -> bool:
        """Whether any of it was there."""
        ...

    @property
    def whole(self) -> bool:
        """Whether all of it was there, but perhaps for its usage."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing more comes."""
        ...

    @property
    def partial(self) -> Message | None:
        """What had arrived, None if nothing had."""
        ...

    @property
    def usage(self) -> Usage | None:
        """The last usage that the server reported."""
        ...

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event, or the body of an answer that is not streamed, and return what it tells.

        Raises:
            ProviderError: the server reports an error, or makes no sense.
        """
        ...

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: it ended too early.
        """
        ...


class Codec(Protocol):
    """What one API is sent, and what its answers mean. Pure."""

    @property
    def path(self) -> str:
        """Where requests go, below the base URL."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the server accepts and reports."""
        ...

    def encode(self, request: Request) -> Mapping[str, Any]:
        """The body of the request.

        Raises:
            UsageError: the server can't do what it asks.
        """
        ...

    def decoder(self, request: Request) -> AnswerDecoder:
        """What decodes the answer to `request`."""
        ...

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer of this status stands for."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that is looked for when it is needed; `expected` says beforehand whether there will be one."""

    find: Callable[[], str | None]
    expected: bool


class HttpProvider:
    """A model service behind HTTP.

    Args:
        codec: the API that it speaks.
        transport: carries the requests; closed with the provider.
        credential: the key to send, if any.
        retries: when a failed request is sent again.
    """

    def __init__(
        self, codec: Codec, transport: Transport, credential: Credential | None = None, retries: Retries | None = None
    ) -> None:
        self._codec = codec
        self._transport = transport
        self._credential = credential
        self._retries = retries or Retries()
        self._key: str | None = None

    @property
    def name(self) -> str:
        """What stands before the first `/` of a model's name."""
        return self._codec.capabilities.provider

    def preview(self, request: Request) -> Preview:
        """What `stream` would send, redacted. Nothing is sent, and no key is asked for."""
        key = MARK if self._credential and self._credential.expected else None
        return Preview("POST", self._url, _headers(key), self._codec.encode(request))

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send the request and yield what comes back, `Done` last; see `Provider.stream`.

        A request that failed is sent again only while the server has not begun to answer.
        """
        body = json.dumps(self._codec.encode(request), separators=(",", ":")).encode()
        with _unsent():
            headers = _headers(await self._find_key())
        decoder = self._codec.decoder(request)
        attempt = 1
        async with AsyncExitStack() as connection:
            while isinstance(response := await self._send(connection, headers, body, attempt), Retry):
                yield response
                with _unsent():  # what may be billed is not sent again, so nothing of the earlier attempts is
                    await asyncio.sleep(response.delay)
                attempt += 1
            with _told_by(decoder, _media_type(response)):
                if _media_type(response) == "application/json":
                    for event in decoder.feed(await _text(response)):
                        yield event
                else:
                    frames = sse.Decoder()
                    async for chunk in response.chunks:
                        for event in _decode(chunk, frames, decoder):
                            yield event
                        if decoder.whole:
                            break
                    deadline = asyncio.get_running_loop().time() + _GRACE
                    while not decoder.finished and (chunk := await _next(response.chunks, deadline)):
                        for event in _decode(chunk, frames, decoder):
                            yield event
                    if decoder.finished:
                        await _exhaust(response.chunks)
                    self._check_begun(response, decoder)
                done = decoder.end()
        yield done

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._transport.aclose()

    @property
    def _url(self) -> str:
        return f"{self._codec.capabilities.base_url}{self._codec.path}"

    async def _find_key(self) -> str | None:
        if self._key is None and self._credential:
            self._key = await _in_daemon(self._credential.find)  # may ask a keyring, or run a command
        return self._key

    async def _send(
        self, connection: AsyncExitStack, headers: Mapping[str, str], body: bytes, attempt: int
    ) -> Response | Retry:
        """Send the request; return its answer, held open by `connection`, or when to try again."""
        try:
            exchange = self._transport.stream("POST", self._url, headers=headers, body=body)
            response = await connection.enter_async_context(exchange)
            if response.status != _OK:
                raise heed(self._codec.refusal(response.status, await _words(response)), response.headers)
            if _media_type(response) in _PAGES:
                raise self._page()
        except ProviderError as error:
            await connection.aclose()
            delay = self._retries.delay(attempt, error)
            if delay is None:
                raise
            return Retry(attempt, delay, error.message)
        return response

    def _check_begun(self, response: Response, decoder: AnswerDecoder) -> None:
        """Tell a text that nobody called a page, and that has no answer in it, from an answer that ended early."""
        media_type = _media_type(response)
        if media_type.startswith("text/") and media_type != _STREAM and not (decoder.begun or decoder.whole):
            raise self._page()

    def _page(self) -> ProviderError:
        base_url = self._codec.capabilities.base_url
        return ProviderError(f"{self.name} answered with a web page", hint=f"check the base URL: {base_url}")


@contextmanager
def _unsent() -> Iterator[None]:
    """Let a cancellation tell that there is nothing to bill."""
    try:
        yield
    except asyncio.CancelledError:
        raise asyncio.CancelledError(UNSENT) from None


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": _STREAM}
    return headers if key is None else {**headers, "Authorization": f"Bearer {key}"}


async def _in_daemon(find: Callable[[], str | None]) -> str | None:
    """Run `find` in a thread that nothing waits for: who cancels this, or ends the program, is not held up by it."""
    found: Future[str | None] = Future()

    def run() -> None:
        if not found.set_running_or_notify_cancel():
            return
        try:
            found.set_result(find())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            found.set_exception(error)

    threading.Thread(target=run, name="key", daemon=True).start()
    return await asyncio.wrap_future(found)


@contextmanager
def _told_by(decoder: AnswerDecoder, media_type: str) -> Iterator[None]:
    """Let errors carry what had arrived; where that was an answer, or the beginning of one, it may be billed."""
    try:
        yield
    except (sse.MalformedStreamError, UnicodeDecodeError) as error:
        raise ProviderError(
            f"the server sent a malformed stream: {error}",
            hint="check the base URL",
            billable=decoder.begun or media_type == _STREAM,
            partial=decoder.partial,
            usage=decoder.usage,
        ) from error
    except ProviderError as error:
        error.billable = decoder.begun or media_type == _STREAM
        error.partial, error.usage = decoder.partial, decoder.usage
        raise


async def _words(response: Response) -> bytes:
    """What a server says with its refusal; nothing if it does not come to the point, for the status says enough."""
    with suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(_REFUSAL_SECONDS):
            return await response.read(_REFUSAL_LIMIT)
    return b""


def _media_type(response: Response) -> str:
    """What the body is: an event stream, or JSON if the server ignored that it was to stream."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _decode(chunk: bytes, frames: sse.Decoder, decoder: AnswerDecoder) -> Iterator[StreamEvent]:
    for frame in frames.feed(chunk):
        yield from decoder.feed(frame.data)


async def _next(chunks: AsyncIterator[bytes], deadline: float) -> bytes:
    """The next chunk; empty if there is none by the deadline, however that comes: the answer is whole without it."""
    with suppress(ProviderError, TimeoutError):
        async with asyncio.timeout_at(deadline):
            return await anext(chunks, b"")
    return b""


async def _text(response: Response) -> str:
    return (await response.read(sse.LIMIT)).decode()


async def _exhaust(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows a finished answer, commonly nothing, so that the connection can be used again."""
    with suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(_LAST_BYTES):
            async for _ in chunks:
                pass
