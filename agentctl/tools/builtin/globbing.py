"""The tool that finds files by their names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin import stopping
from agentctl.tools.builtin.pattern import Pattern
from agentctl.tools.builtin.schema import DIRECTORY, schema, string
from agentctl.tools.builtin.walk import walk
from agentctl.tools.builtin.workspace import Workspace

_MOST = 500

_SPEC = ToolSpec(
    "glob",
    "Find files of the workspace whose paths match a pattern, as `**/*.py` or `src/*.{ts,tsx}`: the last changed "
    f"first, at most {_MOST}. What .gitignore leaves out is not looked at.",
    schema(
        pattern=string("`*`, `?` and `[…]` within a name, `**` for any directories", longest=1000, shortest=1),
        path=DIRECTORY,
        required=("pattern",),
    ),
)


@dataclass(frozen=True, slots=True)
class Glob:
    """Finds files of a workspace by a pattern of their paths."""

    workspace: Workspace
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        pattern = Pattern(arguments["pattern"])
        path = await asyncio.to_thread(self.workspace.resolve, arguments.get("path", "."))
        summary = f"glob {arguments['pattern']!r} in {path}"
        return Plan(summary, path, "read", partial(stopping.in_thread, partial(self._find, pattern, path)))

    def _find(self, pattern: Pattern, start: str, stop: threading.Event) -> Outcome:
        above = len(PurePosixPath(start).parts)
        files = walk(self.workspace, start, partial(stopping.check, stop))
        found = [file for file in files if pattern.matches(PurePosixPath(file.path).parts[above:])]
        found.sort(key=lambda file: (-file.changed, file.path))
        more = [f"[{len(found) - _MOST} more: narrow the pattern]"] if len(found) > _MOST else []
        return Outcome("\n".join([file.path for file in found[:_MOST]] + more) or "[no file matches]")
