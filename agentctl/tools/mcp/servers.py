"""All configured MCP servers: `async with Servers(settings.mcp, environ, workspace=here) as servers: …`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from agentctl.errors import AgentctlError, ConfigError
from agentctl.messages import Message
from agentctl.settings import McpServer
from agentctl.tools.base import Tool
from agentctl.tools.mcp.connection import Connection
from agentctl.tools.mcp.offers import Offers, notice, offers_of
from agentctl.tools.mcp.prompts import Prompt, filled_in, listed

T = TypeVar("T")


class Servers:
    """The servers; nothing is started before it is needed, and all that was is ended when the block is left.

    Args:
        servers: what is configured, by name.
        environ: where secrets come from; of the rest servers are passed what programs need to find their way.
        workspace: the directory that servers are told of if they ask for roots.
        only: the names of the servers that are wanted; None for all.
        startup: how many seconds each may take to start and to answer.

    Raises:
        ConfigError: `only` names a server that is not configured.
    """

    def __init__(
        self,
        servers: Mapping[str, McpServer],
        environ: Mapping[str, str] = os.environ,
        *,
        workspace: Path | None = None,
        only: Collection[str] | None = None,
        startup: float = 30.0,
    ) -> None:
        for name in only or ():
            _known(servers, name)
        self._connections = {
            name: Connection(server, environ, workspace=workspace, startup=startup)
            for name, server in servers.items()
            if only is None or name in only
        }
        self._offers: dict[str, Offers] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(connection.close() for connection in self._connections.values()))

    async def tools(self) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
        """What the servers offer now, and what the user should know: which of them failed, and why.

        Ask before every turn: servers may change what they offer. What did not change is not asked for again, and a
        server that failed is not tried again. Each notice is given once.
        """
        found = await asyncio.gather(*(self._refreshed(each) for each in self._connections.values()))
        tools = tuple(tool for offers, _ in found for tool in offers.tools)
        return tools, tuple(each for offers, fresh in found if fresh for each in offers.notices)

    async def offers(self) -> Mapping[str, Offers]:
        """What each server offers, by its name, and what is wrong with it."""
        await self.tools()
        return {name: self._offers[name] for name in self._connections}

    async def prompts(self) -> tuple[tuple[Prompt, ...], tuple[str, ...]]:
        """The prompts that the servers offer, and which of them failed, and why."""
        found = await asyncio.gather(*map(listed, self._connections.values()), return_exceptions=True)
        prompts = tuple(prompt for each in found if isinstance(each, tuple) for prompt in each)
        for each in found:
            if isinstance(each, BaseException) and not isinstance(each, AgentctlError):
                raise each
        return prompts, tuple(notice(each) for each in found if isinstance(each, AgentctlError))

    async def get_prompt(self, server: str, name: str, arguments: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages of a prompt, which only its server is started for.

        Raises:
            ConfigError: there is no such server.
            AgentctlError: it failed, has no such prompt, or wants other arguments.
        """
        return await filled_in(_known(self._connections, server), name, arguments)

    async def _refreshed(self, connection: Connection) -> tuple[Offers, bool]:
        """What a server offers, and whether that was asked for just now."""
        name = connection.server.name
        known = self._offers.get(name)
        if known is not None and (known.failed or not connection.changed):
            return known, False
        try:
            offers = await offers_of(connection)
        except AgentctlError as error:
            offers = Offers(notices=(notice(error),), failed=error)
        self._offers[name] = offers
        return offers, True


def _known(servers: Mapping[str, T], name: str) -> T:
    if name not in servers:
        there = ", ".join(servers) or "none"
        raise ConfigError(f"there is no MCP server {name}; there are {there}", hint=f"configure [mcp.{name}]")
    return servers[name]
