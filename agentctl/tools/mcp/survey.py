"""A look at all MCP servers at once: which of them work, and what they offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentctl.errors import AgentctlError
from agentctl.settings import McpServer
from agentctl.tools.mcp.servers import Servers


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A server as it was found.

    `error` says what is wrong with it, None that it works; `tools` are the names that they are offered by; `protocol`
    is the version of MCP that it speaks.
    """

    server: str
    error: AgentctlError | None
    tools: tuple[str, ...]
    protocol: str | None

    @property
    def state(self) -> str:
        """`ok` or `failed`."""
        return "ok" if self.error is None else "failed"


async def survey(
    servers: Mapping[str, McpServer], environ: Mapping[str, str], *, startup: float = 30.0
) -> list[Surveyed]:
    """Start or reach every server, ask what it offers, and end what was started.

    `startup` is how many seconds each may take; they are asked at the same time.
    """
    async with Servers(servers, environ, startup=startup) as opened:
        offers = await opened.offers()
    return [
        Surveyed(name, each.failed, tuple(tool.spec.name for tool in each.tools), each.protocol)
        for name, each in offers.items()
    ]
