"""The tool that replaces a piece of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Plan
from agentctl.tools.builtin.change import LARGEST, Change, current
from agentctl.tools.builtin.difference import unified
from agentctl.tools.builtin.nearest import nearest
from agentctl.tools.builtin.schema import PATH, boolean, schema, string
from agentctl.tools.builtin.text import decode, encode
from agentctl.tools.builtin.workspace import Workspace
from agentctl.tools.builtin.writing import run

_SHOWN = 8  # places that are named where there are more

_SPEC = ToolSpec(
    "edit",
    "Replace a piece of a text file of the workspace. `old_string` must be in the file exactly once, to the space, "
    "without the line numbers that `read` shows; add lines around it until it is unique, or set `replace_all`.",
    schema(
        path=PATH,
        old_string=string("the text to replace, exactly as in the file", longest=LARGEST, shortest=1),
        new_string=string("what comes in its place; empty takes it out", longest=LARGEST),
        replace_all=boolean("replace every occurrence; by default there must be one only"),
        required=("path", "old_string", "new_string"),
    ),
)


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces text that is found exactly, and once unless all of it is meant."""

    workspace: Workspace
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        return await asyncio.to_thread(self._plan, arguments)

    def _plan(self, arguments: Mapping[str, Any]) -> Plan:
        path = self.workspace.resolve_writable(arguments["path"])
        data = current(self.workspace, path)
        if data is None:
            raise ToolError(f"{path} does not exist", hint="`write` makes new files")
        encode(arguments["old_string"] + arguments["new_string"])
        file = decode(data, path)
        old, new = (arguments[name].replace("\r\n", "\n") if file.crlf else arguments[name] for name in _STRINGS)
        text = replaced(file.text, old, new, path, every=arguments.get("replace_all", False))
        fresh = type(file)(text, file.bom, file.crlf).encoded()
        change = Change(self.workspace, path, data, fresh)
        return Plan(f"edit {path}", path, "write", partial(run, change, "edited"), unified(file.text, text, path))


_STRINGS = ("old_string", "new_string")


def replaced(text: str, old: str, new: str, path: str, *, every: bool = False) -> str:
    """Return the text with `old` replaced once, or wherever it is.

    Raises:
        ToolError: `old` is not there, or at several places, or nothing would change.
    """
    if old == new:
        raise ToolError("old_string and new_string are the same, so nothing would change", reason="invalid")
    found = _occurrences(text, old)
    if not found:
        raise ToolError(f"old_string is not in {path}", hint=nearest(text, old), reason="invalid")
    if len(found) > 1 and not every:
        lines = [str(text.count("\n", 0, place) + 1) for place in found[:_SHOWN]]
        more = " and more" if len(found) > _SHOWN else ""
        raise ToolError(
            f"old_string is not unique in {path}: it is at lines {', '.join(lines)}{more}",
            hint="add lines around it, or set replace_all",
            reason="invalid",
        )
    return text.replace(old, new)


def _occurrences(text: str, old: str) -> list[int]:
    """Where it begins, also where two of them overlap; no more than are told of."""
    places: list[int] = []
    place = text.find(old)
    while place >= 0 and len(places) <= _SHOWN:
        places.append(place)
        place = text.find(old, place + 1)
    return places
