"""The tools that every agent has: files of its workspace, a shell, and the public web."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentctl.tools.base import Tool
    from agentctl.tools.builtin.workspace import Workspace

NAMES = ("read", "write", "edit", "list", "glob", "grep", "shell", "fetch")
"""What the tools are called, in the order in which models are told of them."""


def builtin_tools(
    workspace: Workspace,
    *,
    granted: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    longest: float = 600.0,
) -> tuple[Tool, ...]:
    """Make the built-in tools, in the order of `NAMES`.

    Args:
        workspace: the directory that the file tools are confined to, and the shell starts in.
        granted: private addresses that `fetch` may reach, as `127.0.0.1` or `127.0.0.1:8080`; a name is no grant.
        environ: where the shell's few variables come from.
        longest: seconds that a command of the shell may take at most, whatever the model asks for.
    """
    from agentctl.tools.builtin.editing import Edit  # noqa: PLC0415 - a chat without tools needs none of them
    from agentctl.tools.builtin.fetching import Fetch  # noqa: PLC0415
    from agentctl.tools.builtin.globbing import Glob  # noqa: PLC0415
    from agentctl.tools.builtin.grepping import Grep  # noqa: PLC0415
    from agentctl.tools.builtin.listing import List  # noqa: PLC0415
    from agentctl.tools.builtin.reading import Read  # noqa: PLC0415
    from agentctl.tools.builtin.shell import Shell  # noqa: PLC0415
    from agentctl.tools.builtin.writing import Write  # noqa: PLC0415

    return (
        Read(workspace),
        Write(workspace),
        Edit(workspace),
        List(workspace),
        Glob(workspace),
        Grep(workspace),
        Shell(workspace, environ, longest),
        Fetch(granted),
    )
