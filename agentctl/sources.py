"""Where the tools of a chat come from: those that are built in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agentctl.tools.base import Tool
from agentctl.tools.builtin import NAMES

FILES = frozenset({"read", "write", "edit", "list", "glob", "grep"})


class BuiltIn:
    """The built-in tools, at work in a directory; `files` are all of them that are confined to it."""

    names = frozenset({*NAMES, "files"})

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._tools: Sequence[Tool] = ()

    async def tools(self, names: frozenset[str], notify: Callable[[str], None]) -> Sequence[Tool]:  # noqa: ARG002
        """Return those that are asked for; none is ever missing."""
        if not self._tools:
            from agentctl.tools.builtin import builtin_tools  # noqa: PLC0415 - few chats have tools
            from agentctl.tools.builtin.workspace import Workspace  # noqa: PLC0415

            self._tools = builtin_tools(Workspace(self._workspace))
        wanted = names | (FILES if "files" in names else frozenset())
        return [tool for tool in self._tools if tool.spec.name in wanted]

    async def aclose(self) -> None:
        """There is nothing to let go of."""
