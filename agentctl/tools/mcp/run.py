"""One connection to an MCP server from its beginning to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.mcp import sdk
from agentctl.tools.mcp.client import client_over, listen
from agentctl.tools.mcp.link import REFUSALS, Link, Refusal, leaf

if TYPE_CHECKING:
    from mcp.client import Client

ENDING = 3.0  # seconds for a farewell


class Run:
    """A connection that is being made, lives or is over. `task` lives it, and returns what broke it, if anything did.

    Args:
        name: the server's.
        link: what carries its messages.
        workspace: the directory that the server is told of if it asks for roots.
        startup: how many seconds it may take until it is connected.
        on_change: called when the server's tools may have changed.
    """

    def __init__(
        self, name: str, link: Link, *, workspace: Path | None, startup: float, on_change: Callable[[], None]
    ) -> None:
        self.link = link
        self._name = name
        self._workspace = workspace
        self._startup = startup
        self._on_change = on_change
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda done: done.exception())  # nobody may wait for it any more
        self.task = asyncio.create_task(self._live(), name=f"mcp {name}")

    @property
    def over(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self.task.done() or self.link.gone.is_set()

    @property
    def protocol(self) -> str | None:
        """The version of MCP that is spoken; None before anything is."""
        spoken = self._ready.done() and self._ready.exception() is None
        return self._ready.result().protocol_version if spoken else None

    async def client(self) -> Client:
        """The client, once it is connected; any number may wait for it, and each may be cancelled.

        Raises:
            AgentctlError: it never will be.
        """
        return await asyncio.shield(self._ready)

    async def end(self) -> BaseException | None:
        """Let it end, and return what broke it, if anything did."""
        self.link.gone.set()
        await asyncio.wait({self.task}, timeout=ENDING)
        return self.task.result() if self.task.done() and not self.task.cancelled() else None

    async def _live(self) -> BaseException | None:
        """Enter and leave the client in one task, as the SDK wants it."""
        refusals: list[Refusal] = []
        REFUSALS.set(refusals)
        try:
            await sdk.loaded()
            async with (
                asyncio.timeout(self._startup) as limit,
                client_over(self.link, self._workspace, self._on_change) as client,
            ):
                limit.reschedule(None)
                await self._use(client)
        except asyncio.CancelledError:
            self._fail(ToolError(f"the MCP server {self._name} was ended"))
            raise
        except Exception as wrapped:  # noqa: BLE001 - whatever goes wrong is the server's, and is told to who asks it
            error = leaf(wrapped)
            self._fail(error if isinstance(error, AgentctlError) else self.link.explain(error, refusals))
            return error
        return None

    async def _use(self, client: Client) -> None:
        self._ready.set_result(client)
        listener = asyncio.create_task(listen(client, self._on_change))
        try:
            await self.link.gone.wait()
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    def _fail(self, error: AgentctlError) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
