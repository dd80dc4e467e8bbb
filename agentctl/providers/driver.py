"""The way from a request to events that all providers over HTTP share; a codec knows what one API says."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from agentctl import sse
from agentctl.errors import UNSENT, ProviderError
from agentctl.events import Done, Notice, Retry, Sending, Start, StreamEvent
from agentctl.messages import Text, ToolCall
from agentctl.providers.base import Capabilities, Preview, Request
from agentctl.providers.codec import AnswerDecoder, Codec, Query
from agentctl.providers.history import adapt
from agentctl.providers.retries import Retries, heed
from agentctl.redact import MARK
from agentctl.transport import Response, Transport
from agentctl.usage import Usage

_REFUSAL_LIMIT = 64 * 1024  # bytes read of an error's body
_REFUSAL_SECONDS = 1.0  # to read them in
_ANSWERS = range(200, 300)
_STREAM = "text/event-stream"
_VERSIONS = ("/v1", "/v1beta")
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_GRACE = 3.0  # seconds that a whole answer is given for its usage and its end
_LAST_BYTES = 0.1  # seconds that a finished answer is given to end its body, so that its connection can be used again


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
        self._told: set[str] = set()  # the remarks that need no second time

    @property
    def name(self) -> str:
        """What stands before the first `/` of a model's name."""
        return self.capabilities.provider

    @property
    def capabilities(self) -> Capabilities:
        """What the service accepts and reports."""
        return self._codec.capabilities

    def preview(self, request: Request) -> Preview:
        """What `stream` would send, redacted. Nothing is sent, and no key is asked for."""
        adapted, notes = adapt(request, self._codec.capabilities)
        key = MARK if self._credential and self._credential.expected else None
        url = self._url(self._codec.path(adapted))
        told = (*notes, *self._codec.remarks(adapted))
        return Preview("POST", url, self._headers(key, _STREAM), self._codec.encode(adapted), told)

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send the request and yield what comes back, `Done` last; see `Provider.stream`.

        A request that failed is sent again only while nothing of an answer has come.
        """
        adapted, notes = adapt(request, self._codec.capabilities)
        for note in (*notes, *self._remarks(adapted)):
            yield Notice(note)
        body = _dump(self._codec.encode(adapted))
        with _unsent():
            headers = self._headers(await self._find_key(), _STREAM)
        attempt = 1
        while True:
            yield Sending()
            answer = Arrival(self._codec.decoder(adapted))
            try:
                async with AsyncExitStack() as connection:
                    response = await self._send(connection, self._codec.path(adapted), headers, body)
                    answer.accepted = True
                    events = await connection.enter_async_context(aclosing(self._read(response, answer)))
                    async for event in events:
                        yield event
            except ProviderError as error:
                delay = self._retries.delay(attempt, error) if answer.may_begin_anew(error) else None
                if delay is None:
                    raise
                retry = Retry(attempt, delay, error.message, error.usage, error.response_id)
            else:
                if _is_empty(answer.done):
                    yield Notice(f"{self.name} gave an empty answer")
                yield answer.done
                return
            yield retry
            with _unsent():  # nothing of the attempt that now begins, for those before it are told of
                await asyncio.sleep(delay)
            attempt += 1

    async def ask(self, query: Query) -> dict[str, Any]:
        """Send a question and return its answer, a JSON object; an array comes as the `data` of one.

        Raises:
            ProviderError: the server failed, refused, or answered something else.
        """
        headers = self._headers(await self._find_key(), "application/json")
        text = await self._fetch(query, headers)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, list):
            return {"data": answer}  # as Together lists its models
        if not isinstance(answer, dict):
            raise ProviderError(f"{self.name} answered something other than JSON", hint="check the base URL")
        return answer

    async def _fetch(self, query: Query, headers: Mapping[str, str]) -> bytes:
        """The whole answer to a question, asked again where that may help: questions are not billed."""
        body, attempt = None if query.body is None else _dump(query.body), 1
        while True:
            try:
                async with AsyncExitStack() as connection:
                    response = await self._send(connection, query.path, headers, body, query.method)
                    return await response.read(sse.LIMIT)
            except ProviderError as error:
                error.billable = False
                delay = None if query.once else self._retries.delay(attempt, error)
                if delay is None:
                    raise
            await asyncio.sleep(delay)
            attempt += 1

    async def count_tokens(self, request: Request) -> int | None:
        """Ask how many tokens of input the request has; see `Provider.count_tokens`."""
        adapted, _ = adapt(request, self._codec.capabilities)
        query = self._codec.count(adapted)
        return None if query is None else self._codec.counted(await self.ask(query))

    async def charged(self, response_id: str) -> Usage | None:  # noqa: ARG002 - few providers can be asked
        """What an answer that broke off has used and cost: this API can't be asked."""
        return None

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._transport.aclose()

    def _remarks(self, request: Request) -> list[str]:
        """What is new to the user of wishes that are not sent as they are."""
        new = [remark for remark in self._codec.remarks(request) if remark not in self._told]
        self._told.update(new)
        return new

    def _url(self, path: str) -> str:
        """The address of a path, also where the path begins with a version and the user's base URL ends in one."""
        base = self._codec.capabilities.base_url
        if path.startswith(tuple(f"{version}/" for version in _VERSIONS)):
            base = base.removesuffix("/v1").removesuffix("/v1beta")
        return base + path

    def _headers(self, key: str | None, accept: str) -> dict[str, str]:
        return {"Content-Type": "application/json", "Accept": accept, **self._codec.headers(key)}

    async def _find_key(self) -> str | None:
        if self._key is None and self._credential:
            self._key = await _in_daemon(self._credential.find)  # may ask a keyring, or run a command
        return self._key

    async def _send(
        self,
        connection: AsyncExitStack,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        method: str | None = None,
    ) -> Response:
        """Send a request; return its answer, held open by `connection`."""
        method = method or ("GET" if body is None else "POST")
        exchange = self._transport.stream(method, self._url(path), headers=headers, body=body)
        response = await connection.enter_async_context(exchange)
        if response.status not in _ANSWERS:
            raise heed(self._codec.refusal(response.status, await _words(response)), response.headers)
        if _media_type(response) in _PAGES:
            raise self._page()
        return response

    async def _read(self, response: Response, answer: Arrival) -> AsyncGenerator[StreamEvent, None]:
        """Yield what an answer tells, and leave its end in `answer.done`."""
        decoder, media_type = answer.decoder, _media_type(response)
        with _told_by(decoder, media_type):
            if media_type == "application/json":
                for event in answer.feed(await _text(response)):
                    yield event
            else:
                frames = sse.Decoder()
                async for chunk in response.chunks:
                    for event in _decode(chunk, frames, answer):
                        yield event
                    if decoder.whole:
                        break
                deadline = asyncio.get_running_loop().time() + _GRACE
                while not (answer.over or decoder.finished) and (chunk := await _next(response.chunks, deadline)):
                    for event in _decode(chunk, frames, answer):
                        yield event
                if decoder.finished:
                    await _exhaust(response.chunks)
                self._check_begun(response, decoder)
            answer.done = decoder.end()

    def _check_begun(self, response: Response, decoder: AnswerDecoder) -> None:
        """Tell a text that nobody called a page, and that has no answer in it, from an answer that ended early."""
        media_type = _media_type(response)
        if media_type.startswith("text/") and media_type != _STREAM and not (decoder.begun or decoder.whole):
            raise self._page()

    def _page(self) -> ProviderError:
        base_url = self._codec.capabilities.base_url
        return ProviderError(f"{self.name} answered with a web page", hint=f"check the base URL: {base_url}")


@dataclass(slots=True)
class Arrival:
    """An answer that is arriving.

    `accepted` is whether the server took the request, `shown` whether anything of an answer has reached the user,
    `usage` what it has used so far, and `over` whether nonsense came after a whole answer, which takes nothing from it.
    """

    decoder: AnswerDecoder
    accepted: bool = False
    shown: bool = False
    usage: Usage | None = None
    over: bool = False
    done: Done = field(init=False)

    def may_begin_anew(self, error: ProviderError) -> bool:
        """Whether another attempt is no second answer: the server refused, or gave up before a word of it came."""
        return not self.accepted or (error.told and not self.shown)

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event; return what it tells, and what the answer has used so far where that is new."""
        events = self.decoder.feed(data)
        self.shown = self.shown or any(not isinstance(event, Start) for event in events)
        usage = self.decoder.usage
        if usage is None or usage == self.usage or self.decoder.finished:  # then `Done` is about to tell it
            return events
        self.usage = usage
        return [*events, usage]


def _is_empty(done: Done) -> bool:
    """Whether the answer says and does nothing, and nobody told why."""
    return done.stop_reason == "end_turn" and not any(isinstance(part, Text | ToolCall) for part in done.message.parts)


@contextmanager
def _unsent() -> Iterator[None]:
    """Let a cancellation tell that there is nothing to bill."""
    try:
        yield
    except asyncio.CancelledError:
        raise asyncio.CancelledError(UNSENT) from None


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


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
        trouble = ProviderError(f"the server sent a malformed stream: {error}", hint="check the base URL")
        raise _with_answer(trouble, decoder, media_type) from error
    except ProviderError as error:
        _with_answer(error, decoder, media_type)
        raise


def _with_answer(error: ProviderError, decoder: AnswerDecoder, media_type: str) -> ProviderError:
    """Put into the error what there was of the answer.

    What broke off may be billed; what the server itself gave up before a word of it came is not, unless it says so.
    """
    error.partial, error.usage, error.response_id = decoder.partial, decoder.usage, decoder.response_id
    begun = decoder.begun or media_type == _STREAM
    error.billable = begun and not (error.told and error.partial is None)
    return error


async def _words(response: Response) -> bytes:
    """What a server says with its refusal; nothing if it does not come to the point, for the status says enough."""
    with suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(_REFUSAL_SECONDS):
            return await response.read(_REFUSAL_LIMIT)
    return b""


def _media_type(response: Response) -> str:
    """What the body is: an event stream, or JSON if the server ignored that it was to stream."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _decode(chunk: bytes, frames: sse.Decoder, answer: Arrival) -> Iterator[StreamEvent]:
    try:
        for frame in frames.feed(chunk):
            yield from answer.feed(frame.data)
    except (ProviderError, sse.MalformedStreamError):
        if not answer.decoder.whole:
            raise
        answer.over = True


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
