"""One exchange: admit it, do it at pinned addresses, and hand the answer over as it is asked for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from agentctl.errors import AgentctlError, ProviderError, ToolError
from agentctl.tools.fence import Pinned
from agentctl.tools.resolving import aside
from agentctl.tools.wasm.network.frames import (
    HEAD_LIMIT,
    PIECE,
    Answer,
    Failure,
    Frame,
    Headers,
    Kind,
    Request,
    pack_answer,
    pack_failure,
)
from agentctl.tools.wasm.network.grants import HostGrant, Target, admit, is_literal
from agentctl.tools.wasm.network.headers import NOT_THEIRS, TOKEN, VALUE
from agentctl.transport import Response, SilenceError, Timeouts, Transport

ANSWER_LIMIT = 32 << 20  # bytes of a body
_OURS = frozenset({"accept-encoding", "content-length"})  # left out without a word: the answer must come as it is
_TUNNELS = frozenset({"CONNECT", "TRACE"})


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.failure = Failure(code, message)
        super().__init__(message)


class Judge(Protocol):
    """`agentctl.tools.fence.pin`, or what stands in for it."""

    def __call__(self, host: str, port: int, *, granted: Sequence[str]) -> Pinned:
        """Look up a host, and say which of its addresses may be connected to."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all requests of a call: where they may go, how many seconds they may take, and who says so."""

    grants: Sequence[HostGrant]
    longest: float
    judge: Judge


class Performance:
    """An exchange under way; `wanted` is set when the component asks for the next piece of the answer's body."""

    def __init__(self, number: int, request: Request, terms: Terms, say: Callable[[Frame], Awaitable[None]]) -> None:
        self.wanted = asyncio.Event()
        self._number = number
        self._request = request
        self._terms = terms
        self._say = say

    async def run(self) -> None:
        """Do all of it; what goes wrong is said and not raised."""
        try:
            await self._perform()
        except _RefusedError as refused:
            await self._fail(refused.failure)
        except AgentctlError as error:
            await self._fail(_failure(error))
        except ConnectionError:
            pass  # nobody listens any more
        except Exception as error:  # noqa: BLE001 - whatever it was led into, a component must not wait for ever
            await self._fail(Failure("internal-error", f"the request can't be made: {error!r}"))

    async def _perform(self) -> None:
        target = _admitted(self._request, self._terms.grants)
        headers = _sent(self._request.headers)
        transport = Transport(self._timeouts(), pinned=self._pinned(target))  # its own: cookies are kept in one
        try:
            async with transport.stream(
                self._request.method, target.url, headers=headers, body=self._request.body
            ) as response:
                await self._pass_on(response)
        finally:
            await transport.aclose()

    def _timeouts(self) -> Timeouts:
        usual = Timeouts()
        asked = self._request
        return Timeouts(
            connect=min(asked.connect or usual.connect, self._terms.longest),
            header=min(asked.first_byte or usual.header, self._terms.longest),
            idle=min(asked.between_bytes or usual.idle, self._terms.longest),
        )

    def _pinned(self, target: Target) -> Callable[[str, int], Awaitable[Sequence[str]]]:
        async def pinned(host: str, port: int) -> Sequence[str]:
            if (host.strip("[]"), port) != (target.host, target.port):  # two readers of one URL must agree
                raise ToolError(f"{target.url} was read as one of {host}", reason="denied")
            named = (target.host,) if is_literal(target.host) else ()
            return (await aside(partial(self._terms.judge, target.host, port, granted=named))).addresses

        return pinned

    async def _pass_on(self, response: Response) -> None:
        head = pack_answer(Answer(response.status, tuple(response.lines)))
        if len(head) > HEAD_LIMIT:
            raise _RefusedError("HTTP-response-header-section-size", f"the head is longer than {HEAD_LIMIT} bytes")
        await self._tell(Kind.HEAD, head)
        async with aclosing(_pieces(response.chunks)) as pieces:
            await self.wanted.wait()
            async for piece in pieces:
                await self._tell(Kind.CHUNK, piece)
                await self.wanted.wait()
        await self._tell(Kind.END)

    async def _fail(self, failure: Failure) -> None:
        with suppress(ConnectionError):  # nobody may listen any more
            await self._tell(Kind.FAILED, pack_failure(failure))

    async def _tell(self, kind: Kind, payload: bytes = b"") -> None:
        self.wanted.clear()
        await self._say(Frame(kind, self._number, payload))


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise _RefusedError("HTTP-response-body-size", f"the body is longer than {ANSWER_LIMIT} bytes")
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]


def _admitted(request: Request, grants: Sequence[HostGrant]) -> Target:
    if not TOKEN.fullmatch(request.method) or request.method.upper() in _TUNNELS:
        raise _RefusedError("HTTP-request-method-invalid", f"the method {request.method[:40]!r} can't be sent")
    try:
        target = Target.parse(request.scheme, request.authority, request.path)
    except ValueError as error:
        raise _RefusedError("HTTP-request-URI-invalid", str(error)) from error
    try:
        admit(target, grants)
    except ToolError as error:
        raise _RefusedError("HTTP-request-denied", error.message) from error
    return target


def _sent(headers: Headers) -> dict[str, str]:
    """The headers as they are sent: one of each name, as RFC 9110 5.3 and RFC 6265 5.4 join them."""
    sent: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        if not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            raise _RefusedError("HTTP-protocol-error", f"the header {given[:40]!r} has forbidden characters")
        if name in NOT_THEIRS:
            raise _RefusedError("HTTP-request-denied", f"the header {name} is not the component's to send")
        if name not in _OURS:
            sent[name] = f"{sent[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in sent else value
    return sent


def _failure(error: AgentctlError) -> Failure:
    """An error as a component is told of it."""
    causes = list(_causes(error))
    if isinstance(error, ToolError):
        code = "destination-IP-prohibited" if error.reason == "denied" else "DNS-error"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        code = "connection-refused"
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        code = "TLS-certificate-error"
    elif isinstance(error, SilenceError):
        code = "HTTP-response-timeout"
    else:
        code = "connection-terminated" if isinstance(error, ProviderError) else "internal-error"
    return Failure(code, error.message)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
