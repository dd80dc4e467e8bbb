"""The connection to one MCP server: made when it is first needed, and made anew once it broke."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agentctl.errors import AgentctlError, ConfigError, ToolError
from agentctl.settings import McpServer
from agentctl.tools.mcp.http import HttpLink
from agentctl.tools.mcp.link import REFUSALS, Link, Refusal
from agentctl.tools.mcp.naming import printable
from agentctl.tools.mcp.run import ENDING, Run
from agentctl.tools.mcp.stdio import StdioLink

if TYPE_CHECKING:
    from mcp.client import Client

T = TypeVar("T")

_REPLY = 500  # characters of an error that a server answers with


class _ForgottenError(ToolError):
    """The server does not know the session: it was started anew, and did nothing."""


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
        self._run: Run | None = None
        self._tasks: set[asyncio.Task[BaseException | None]] = set()
        self._closed = False

    @property
    def protocol(self) -> str | None:
        """The version of MCP that is spoken; None before anything is."""
        return self._run.protocol if self._run else None

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

    async def close(self) -> None:
        """End the connection, and the server with it if it was started here; it stays closed."""
        self._closed = True
        for _ in range(2):  # a second time for one that hangs in its farewell
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=ENDING)

    async def _asked(self, request: Callable[[Client], Awaitable[T]]) -> T:
        run = self._current()
        client = await run.client()
        refusals: list[Refusal] = []
        token = REFUSALS.set(refusals)
        try:
            async with asyncio.timeout(self.server.timeout):
                return await request(client)
        except AgentctlError:
            raise
        except TimeoutError:
            raise self._too_slow() from None
        except Exception as error:
            raise await self._failure(run, error, refusals) from error
        finally:
            REFUSALS.reset(token)

    def _current(self) -> Run:
        if self._closed:
            raise ToolError(f"the MCP server {self.server.name} was ended")
        if self._run is None or self._run.over:
            self._run = self._start()
        return self._run

    def _start(self) -> Run:
        self._change()
        link = _link(self.server, self._environ)
        workspace, startup = self._workspace, self.startup
        run = Run(self.server.name, link, workspace=workspace, startup=startup, on_change=self._change)
        self._tasks.add(run.task)
        run.task.add_done_callback(self._tasks.discard)
        return run

    def _change(self) -> None:
        self.changed = True

    async def _failure(self, run: Run, error: Exception, refusals: Sequence[Refusal]) -> ToolError:
        from mcp.shared.exceptions import MCPError  # noqa: PLC0415 - the SDK takes a second to load
        from mcp_types import CONNECTION_CLOSED  # noqa: PLC0415

        name = self.server.name
        if run.link.forgot(refusals):
            await run.end()
            return _ForgottenError(f"the MCP server {name} forgets its session")
        if run.link.gone.is_set() or (isinstance(error, MCPError) and error.code == CONNECTION_CLOSED):
            return run.link.explain(await run.end() or error, refusals)
        if isinstance(error, MCPError):
            said = ToolError(f"the MCP server {name} says: {printable(error.message, _REPLY)}")
            return run.link.denied(refusals) or said
        wrong = f"the MCP server {name} breaks the protocol: {printable(_fault(error), _REPLY)}"
        return ToolError(wrong, hint="report it to whoever makes the server")

    def _too_slow(self) -> ToolError:
        name, timeout = self.server.name, self.server.timeout
        return ToolError(
            f"the MCP server {name} took longer than {timeout:g} s",
            hint=f"mcp.{name}.timeout is how many seconds a call may take",
            reason="timeout",
        )


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
