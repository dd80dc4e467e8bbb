"""The tool that writes a whole file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin.change import LARGEST, Change, current
from agentctl.tools.builtin.difference import unified
from agentctl.tools.builtin.schema import PATH, schema, string
from agentctl.tools.builtin.text import Text, binary_kind, decode, encode
from agentctl.tools.builtin.workspace import Workspace

_SPEC = ToolSpec(
    "write",
    "Write a whole text file of the workspace, new or in place of the old one; missing directories are made. To change "
    "a part of a file, use `edit`. A file that has a byte order mark or CRLF line ends keeps them.",
    schema(path=PATH, content=string("the whole new text", longest=LARGEST), required=("path", "content")),
)


@dataclass(frozen=True, slots=True)
class Write:
    """Writes text files of a workspace, each as a whole or not at all."""

    workspace: Workspace
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        return await asyncio.to_thread(self._plan, arguments["path"], arguments["content"])

    def _plan(self, named: str, content: str) -> Plan:
        path = self.workspace.resolve_writable(named)
        data = encode(content)
        old = current(self.workspace, path)
        form = _decoded(old, path) if old is not None else None
        if form is not None:
            data = form.like(content).encoded()
        preview = unified(form.text if form else "", content, path, is_new=old is None)
        if old is not None and form is None:
            kind = binary_kind(old) or "text that is not UTF-8,"
            preview = f"{path} is {kind} of {len(old)} bytes, all replaced by:\n{preview}"
        change = Change(self.workspace, path, old, data)
        return Plan(f"write {path}", path, "write", partial(run, change, "written"), preview)


async def run(change: Change, done: str) -> Outcome:
    """Make a change, and say that it is `done`; once begun it comes to its end, which is near."""
    await asyncio.to_thread(change.make)
    return Outcome(f"{change.path} {done}: {len(change.new)} bytes", details={"bytes": len(change.new)})


def _decoded(data: bytes, path: str) -> Text | None:
    try:
        return decode(data, path)
    except ToolError:
        return None
