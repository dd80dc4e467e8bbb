"""The connection to one MCP server: made when it is first needed, and made anew once it broke."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from agentctl import __version__
from agentctl.errors import AgentctlError, ConfigError, ToolError
from agentctl.settings import McpServer
from agentctl.tools.mcp import sdk
from agentctl.tools.mcp.http import HttpLink
from agentctl.tools.mcp.link import REFUSALS, Link, Refusal, leaf
from agentctl.tools.mcp.naming import printable
from agentctl.tools.mcp.stdio import StdioLink

if TYPE_CHECKING:
    from mcp.client import Client, ClientRequestContext, IncomingMessage
    from mcp_types import ListRootsResult

T = TypeVar("T")

_ENDING = 3.0  # seconds for a farewell
_REPLY = 500  # characters of an error that a server answers with
_AGAIN = 5.0  # seconds until we ask again to be told of changes


class _ForgottenError(ToolError):
    """The server does not know the session: it was started anew, and did nothing."""


class _Run(NamedTuple):
    """One connection from its beginning to its end."""

    link: Link
    ready: asyncio.Future[Client]
    task: asyncio.Task[BaseException | None]


class Connection:
    """One server. `changed` says that its tools may be others than they were when it was last set to false.

    Args:
        server: what is configured.
        environ: where its secrets come from, and what of it is passed on.
        workspace: the directory that a server is told of if it asks for roots; None tells it of none.
        startup: how many seconds it may take to start and to answer.
    """

    def __init__(
        self, server: McpServer, environ: Mapping[str, str], *, workspace: Path | None, startup: float
    ) -> None:
        self.server = server
        self.changed = True
        self.startup = startup
        self._environ = environ
        self._workspace = workspace
        self._run: _Run | None = None
        self._tasks: set[asyncio.Task[BaseException | None]] = set()
        self._closed = False

    async def ask(self, request: Callable[[Client], Awaitable[T]]) -> T:
        """What the server answers to the request, which is made of a connected client.

        Cancelling it lets the server know. A request that the server refused because it was started anew in between is
        sent once more; one that it may have begun never is.

        Raises:
            AgentctlError: the server can't be reached, takes too long, breaks off, or answers with an error.
        """
        try:
            return await self._asked(request)
        except _ForgottenError:
            return await self._asked(request)

    @property
    def protocol(self) -> str | None:
        """The version of MCP that is spoken; None before anything is."""
        ready = self._run.ready if self._run else None
        spoken = ready and ready.done() and not ready.cancelled() and not ready.exception()
        return ready.result().protocol_version if ready and spoken else None

    async def close(self) -> None:
        """End the connection, and the server with it if it was started here; it stays closed."""
        self._closed = True
        for _ in range(2):  # a second time for one that hangs in its farewell
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_ENDING)

    async def _asked(self, request: Callable[[Client], Awaitable[T]]) -> T:
        run = await self._connected()
        refusals: list[Refusal] = []
        token = REFUSALS.set(refusals)
        try:
            async with asyncio.timeout(self.server.timeout):
                return await request(run.ready.result())
        except AgentctlError:
            raise
        except TimeoutError:
            raise self._too_slow() from None
        except Exception as error:
            raise await self._failure(run, error, refusals) from error
        finally:
            REFUSALS.reset(token)

    async def _connected(self) -> _Run:
        if self._closed:
            raise self._ended()
        run = self._run
        if run is None or run.task.done() or run.link.gone.is_set():
            run = self._run = self._start()
        await asyncio.shield(run.ready)  # others may wait for it too
        return run

    def _start(self) -> _Run:
        self.changed = True
        link = _link(self.server, self._environ)
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        ready.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        task = asyncio.create_task(self._live(link, ready), name=f"mcp {self.server.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _Run(link, ready, task)

    async def _live(self, link: Link, ready: asyncio.Future[Client]) -> BaseException | None:
        """Keep the connection from its beginning to its end, in one task, as the SDK wants it; return what broke it."""
        refusals: list[Refusal] = []
        REFUSALS.set(refusals)
        try:
            await sdk.loaded()
            async with asyncio.timeout(self.startup) as limit, self._client(link) as client:
                limit.reschedule(None)
                ready.set_result(client)
                listener = asyncio.create_task(self._hear_of_changes(client))
                try:
                    await link.gone.wait()
                finally:
                    listener.cancel()
                    await asyncio.gather(listener, return_exceptions=True)
        except asyncio.CancelledError:
            if not ready.done():
                ready.set_exception(self._ended())
            raise
        except Exception as wrapped:  # noqa: BLE001 - whatever goes wrong is the server's, and is told to who asks it
            error = leaf(wrapped)
            if not ready.done():
                ready.set_exception(error if isinstance(error, AgentctlError) else link.explain(error, refusals))
            return error
        return None

    def _client(self, link: Link) -> Client:
        from mcp.client import Client  # noqa: PLC0415 - the SDK takes a second to load
        from mcp_types import Implementation  # noqa: PLC0415

        return Client(
            link.open(),
            client_info=Implementation(name="agentctl", version=__version__),
            list_roots_callback=None if self._workspace is None else self._roots,
            message_handler=self._hear,
            cache=None,
        )

    async def _roots(self, context: ClientRequestContext) -> ListRootsResult:  # noqa: ARG002 - so the SDK calls it
        from mcp_types import ListRootsResult, Root  # noqa: PLC0415

        place = (self._workspace or Path()).absolute()
        return ListRootsResult(roots=[Root.model_validate({"uri": place.as_uri(), "name": place.name})])

    async def _hear(self, message: IncomingMessage) -> None:
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self.changed = True

    async def _hear_of_changes(self, client: Client) -> None:
        """Since MCP 2026-07-28 a server tells of changes only who listens for them; `_hear` hears of them then."""
        from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost  # noqa: PLC0415
        from mcp.shared.exceptions import MCPError  # noqa: PLC0415

        tools = client.server_capabilities.tools
        while tools is not None and tools.list_changed:
            with suppress(SubscriptionLost, MCPError):
                try:
                    async with client.listen(tools_list_changed=True) as events:
                        async for _ in events:
                            pass
                except ListenNotSupportedError:
                    return
            await asyncio.sleep(_AGAIN)
            self.changed = True  # nobody told us meanwhile

    async def _failure(self, run: _Run, error: Exception, refusals: Sequence[Refusal]) -> ToolError:
        from mcp.shared.exceptions import MCPError  # noqa: PLC0415
        from mcp_types import CONNECTION_CLOSED  # noqa: PLC0415

        if run.link.forgot(refusals):
            await self._end(run)
            return _ForgottenError(f"the MCP server {self.server.name} forgets its session")
        if run.link.gone.is_set() or (isinstance(error, MCPError) and error.code == CONNECTION_CLOSED):
            await self._end(run)
            ended = run.task.done() and not run.task.cancelled()
            return run.link.explain((run.task.result() if ended else None) or error, refusals)
        if isinstance(error, MCPError):
            said = f"the MCP server {self.server.name} says: {printable(error.message, _REPLY)}"
            return run.link.denied(refusals) or ToolError(said)
        return ToolError(
            f"the MCP server {self.server.name} breaks the protocol: {printable(_fault(error), _REPLY)}",
            hint="report it to whoever makes the server",
        )

    def _ended(self) -> ToolError:
        return ToolError(f"the MCP server {self.server.name} was ended")

    def _too_slow(self) -> ToolError:
        name, timeout = self.server.name, self.server.timeout
        return ToolError(
            f"the MCP server {name} took longer than {timeout:g} s",
            hint=f"mcp.{name}.timeout is how many seconds a call may take",
            reason="timeout",
        )

    @staticmethod
    async def _end(run: _Run) -> None:
        run.link.gone.set()
        await asyncio.wait({run.task}, timeout=_ENDING)


def _fault(error: Exception) -> str:
    """What is wrong with an answer, in one sentence."""
    from pydantic import ValidationError  # noqa: PLC0415 - comes with the SDK

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _link(server: McpServer, environ: Mapping[str, str]) -> Link:
    if bool(server.command) == bool(server.url):
        raise ConfigError(
            f"mcp.{server.name} has {'both a command and' if server.url else 'neither a command nor'} an address",
            hint=f"set one of mcp.{server.name}.command and mcp.{server.name}.url",
        )
    return StdioLink(server, environ) if server.command else HttpLink(server, environ)
