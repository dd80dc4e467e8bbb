"""The SDK's client for one connection: who we say we are, what we answer, and how we hear of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl import __version__
from agentctl.tools.mcp.link import Link

if TYPE_CHECKING:
    from mcp.client import Client, ClientRequestContext, IncomingMessage
    from mcp.client.session import ListRootsFnT
    from mcp_types import ListRootsResult

_AGAIN = 5.0  # seconds until we ask again to be told of changes


def client_over(link: Link, workspace: Path | None, on_change: Callable[[], None]) -> Client:
    """A client that speaks over the link once it is entered.

    It tells a server that asks for roots of the workspace, if there is one, and refuses sampling and elicitation, as
    the SDK does unasked. `on_change` is called when the server says that its tools changed.
    """
    from mcp.client import Client  # noqa: PLC0415 - the SDK takes a second to load
    from mcp_types import Implementation  # noqa: PLC0415

    async def hear(message: IncomingMessage) -> None:
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            on_change()

    return Client(
        link.open(),
        client_info=Implementation(name="agentctl", version=__version__),
        list_roots_callback=None if workspace is None else _roots(workspace.absolute()),
        message_handler=hear,
        cache=None,
    )


async def listen(client: Client, on_change: Callable[[], None]) -> None:
    """Stay subscribed to changes of tools, until cancelled, if the server tells of them.

    Since MCP 2026-07-28 it does so only on request; what it tells comes to the client's handler like other news. While
    there is no subscription changes are missed, so its end counts as one.
    """
    from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost  # noqa: PLC0415
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415

    tools = client.server_capabilities.tools
    while tools is not None and tools.list_changed:
        try:
            with suppress(SubscriptionLost, MCPError):
                async with client.listen(tools_list_changed=True) as events:
                    async for _ in events:
                        pass
        except ListenNotSupportedError:
            return
        await asyncio.sleep(_AGAIN)
        on_change()


def _roots(place: Path) -> ListRootsFnT:
    async def roots(context: ClientRequestContext) -> ListRootsResult:  # noqa: ARG001 - so the SDK calls it
        from mcp_types import ListRootsResult, Root  # noqa: PLC0415

        return ListRootsResult(roots=[Root.model_validate({"uri": place.as_uri(), "name": place.name})])

    return roots
