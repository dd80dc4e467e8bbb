"""The tool that lists a directory."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin.schema import DIRECTORY, schema
from agentctl.tools.builtin.workspace import Workspace

_MOST = 1000

_SPEC = ToolSpec(
    "list",
    f"List a directory of the workspace, one entry a line: directories end in `/`, files have their size in bytes, "
    f"links an arrow to what they name. At most {_MOST} entries; to find files below, use `glob`.",
    schema(path=DIRECTORY, required=()),
)


@dataclass(frozen=True, slots=True)
class List:
    """Lists directories of a workspace, hidden entries and all."""

    workspace: Workspace
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        path = await asyncio.to_thread(self.workspace.resolve, arguments.get("path", "."))
        return Plan(f"list {path}", path, "read", partial(asyncio.to_thread, self._list, path))

    def _list(self, path: str) -> Outcome:
        with self.workspace.directory(path) as descriptor:
            entries = os.listdir(descriptor)  # noqa: PTH208 - a path has no descriptor
            names = sorted(name for name in entries if not self.workspace.hides(path, name))
            lines = [_line(name, descriptor) for name in names[:_MOST]]
        more = [f"[{len(names) - _MOST} more]"] if len(names) > _MOST else []
        return Outcome("\n".join(sorted(lines, key=_directories_first) + more) or "[empty directory]")


def _line(name: str, directory: int) -> str:
    shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            return f"{shown}/"
        if stat.S_ISLNK(status.st_mode):
            return f"{shown} -> {os.readlink(name, dir_fd=directory)!r}"
    except OSError:
        return f"{shown} (gone)"
    if stat.S_ISREG(status.st_mode):
        return f"{shown} ({status.st_size} bytes)"
    return f"{shown} (no regular file)"


def _directories_first(line: str) -> bool:
    return not line.endswith("/")
