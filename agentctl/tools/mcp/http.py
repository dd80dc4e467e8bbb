"""MCP over streamable HTTP. The SDK's own HTTP client is told what may come back, and watched for refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from agentctl.errors import ToolError
from agentctl.redact import redact
from agentctl.settings import McpServer
from agentctl.tools.mcp.child import LARGEST
from agentctl.tools.mcp.environment import headers
from agentctl.tools.mcp.link import REFUSALS, Refusal

if TYPE_CHECKING:
    import httpx2
    from mcp.client import Transport
    from mcp.client._transport import TransportStreams

_CONNECT = 10.0  # seconds; how long an answer may take is up to each call
_UNAUTHORIZED, _FORBIDDEN, _BAD_REQUEST, _NOT_FOUND = 401, 403, 400, 404


class HttpLink:
    """The exchange with a server behind an address."""

    def __init__(self, server: McpServer, environ: Mapping[str, str]) -> None:
        self.gone = asyncio.Event()
        self._server = server
        self._environ = environ

    def open(self) -> Transport:
        """Get ready to send; see `Link.open`."""
        return self._opened()

    def forgot(self, refusals: Sequence[Refusal]) -> bool:
        """Whether our session is unknown; see `Link.forgot`. The protocol says 404; the official servers say 400."""
        return any(each.in_session and each.status in {_BAD_REQUEST, _NOT_FOUND} for each in refusals)

    def denied(self, refusals: Sequence[Refusal]) -> ToolError | None:
        """Where it wants another key, or any; see `Link.denied`."""
        name = self._server.name
        status = next((each.status for each in refusals if each.status in {_UNAUTHORIZED, _FORBIDDEN}), None)
        if status is None:
            return None
        return ToolError(
            f"the MCP server {name} refuses us (HTTP status {status})",
            hint=f'set mcp.{name}.headers, such as {{ Authorization = "Bearer $TOKEN" }}; OAuth is not supported',
        )

    def explain(self, error: BaseException, refusals: Sequence[Refusal]) -> ToolError:
        """Why it broke; see `Link.explain`."""
        name, url = self._server.name, self._server.url
        if denied := self.denied(refusals):
            return denied
        if isinstance(error, TimeoutError):
            what = "did not answer in time"
        elif refusals:
            what = f"answered with HTTP status {refusals[-1].status}"
        else:
            what = f"broke off: {redact(str(error)) or type(error).__name__}"
        return ToolError(f"the MCP server {name} at {url} {what}", hint=f"check mcp.{name}.url, and that it runs")

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[TransportStreams]:
        import httpx2  # noqa: PLC0415 - comes with the SDK
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415

        sent = await asyncio.to_thread(headers, self._server, self._environ)
        client = httpx2.AsyncClient(
            # Unpacked, a few bytes may become many.
            headers={**sent, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(_CONNECT, read=None),
            event_hooks={"response": [self._look]},
        )
        url = str(self._server.url)
        try:
            async with client, streamable_http_client(url, http_client=client, max_sse_event_size=LARGEST) as streams:
                yield streams
        finally:
            self.gone.set()

    async def _look(self, response: httpx2.Response) -> None:
        """See what came of a request before the SDK does."""
        import httpx2  # noqa: PLC0415

        if response.is_error and response.request.method == "POST":
            in_session = "mcp-session-id" in response.request.headers
            REFUSALS.get([]).append(Refusal(response.status_code, in_session))
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("it compresses what was asked for as it is", request=response.request)
        if "text/event-stream" not in response.headers.get("content-type", ""):  # of that, each event is measured
            response.stream = _capped(cast("httpx2.AsyncByteStream", response.stream))


def _capped(stream: httpx2.AsyncByteStream) -> httpx2.AsyncByteStream:
    """The stream as far as a message may be long."""
    import httpx2  # noqa: PLC0415

    class Capped(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in stream:
                size += len(chunk)
                if size > LARGEST:
                    raise httpx2.StreamError(f"the message has more than {LARGEST >> 20} MiB")
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Capped()
