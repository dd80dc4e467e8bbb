"""Where the tools of a chat come from: those that are built in, added components, and MCP servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.errors import AgentctlError
from agentctl.tools.base import Tool
from agentctl.tools.builtin import NAMES

if TYPE_CHECKING:
    from agentctl.settings import McpServer
    from agentctl.tools.mcp import Servers
    from agentctl.tools.wasm.added.library import Library
    from agentctl.tools.wasm.host.client import Host

FILES = frozenset({"read", "write", "edit", "list", "glob", "grep"})


class BuiltIn:
    """The built-in tools, at work in a directory; `files` are all of them that are confined to it.

    Args:
        workspace: the directory.
        private: places in it that file tools leave alone.
        longest: seconds that a command may take at most.
    """

    names = frozenset({*NAMES, "files"})

    def __init__(self, workspace: Path, private: Sequence[Path], *, longest: float) -> None:
        self._workspace = workspace
        self._private = private
        self._longest = longest
        self._tools: Sequence[Tool] = ()

    async def tools(self, names: frozenset[str], notify: Callable[[str], None]) -> Sequence[Tool]:  # noqa: ARG002
        """Return those that are asked for; none is ever missing."""
        if not self._tools:
            from agentctl.tools.builtin import builtin_tools  # noqa: PLC0415 - few chats have tools
            from agentctl.tools.builtin.workspace import Workspace  # noqa: PLC0415

            self._tools = builtin_tools(Workspace(self._workspace, self._private), longest=self._longest)
        wanted = names | (FILES if "files" in names else frozenset())
        return [tool for tool in self._tools if tool.spec.name in wanted]

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class Components:
    """The tools of the components that were added, by the components' names; `components` is all of them.

    Args:
        library: what was added.
        host: makes what runs them, when the first is asked for.
    """

    def __init__(self, library: Library, host: Callable[[], Host]) -> None:
        names = library.names()
        self.names = frozenset({*names, "components"} if names else ())
        self._library = library
        self._make = host
        self._host: Host | None = None
        self._open = AsyncExitStack()

    async def tools(self, names: frozenset[str], notify: Callable[[str], None]) -> Sequence[Tool]:
        """Return those of the components that are asked for; `notify` is told which can't be used."""
        from importlib.util import find_spec  # noqa: PLC0415 - few chats use components

        if find_spec("wasmtime") is None:
            notify("components need wasmtime; hint: pip install 'agentctl[wasm]'")
            return ()
        from agentctl.tools.wasm.added.tool import component_tools  # noqa: PLC0415

        host = await self._opened()
        found: list[Tool] = []
        for name in self._library.names() if "components" in names else sorted(names):
            try:
                found += component_tools(self._library.get(name), host)
            except AgentctlError as error:
                notify(f"{error.message}; hint: {error.hint}")
        return found

    async def _opened(self) -> Host:
        if self._host is None:
            self._host = await self._open.enter_async_context(self._make())
        return self._host

    async def aclose(self) -> None:
        """End the process that runs them."""
        await self._open.aclose()


class Mcp:
    """The tools of MCP servers, by the servers' names; `mcp` is all of them. None is started before it is asked for.

    Args:
        servers: what is configured, by name.
        environ: where their secrets come from.
        workspace: the directory that they are told of if they ask.
    """

    def __init__(self, servers: Mapping[str, McpServer], environ: Mapping[str, str], workspace: Path) -> None:
        self.names = frozenset({*servers, "mcp"} if servers else ())
        self._configured = servers
        self._environ = environ
        self._workspace = workspace
        self._servers: Servers | None = None
        self._open = AsyncExitStack()

    async def tools(self, names: frozenset[str], notify: Callable[[str], None]) -> Sequence[Tool]:
        """Return those of the servers that are asked for, as they are now; `notify` is told which servers fail."""
        servers = await self._opened(None if "mcp" in names else names)
        tools, notices = await servers.tools()
        for notice in notices:
            notify(notice)
        return tools

    async def _opened(self, only: frozenset[str] | None) -> Servers:
        if self._servers is None:
            from agentctl.tools.mcp import Servers  # noqa: PLC0415 - few chats use any

            servers = Servers(self._configured, self._environ, workspace=self._workspace, only=only)
            self._servers = await self._open.enter_async_context(servers)
        return self._servers

    async def aclose(self) -> None:
        """End the servers."""
        await self._open.aclose()
