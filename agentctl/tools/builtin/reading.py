"""The tool that reads a file, a page at a time."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin.schema import PATH, integer, schema
from agentctl.tools.builtin.stopping import in_thread
from agentctl.tools.builtin.text import binary_kind
from agentctl.tools.builtin.workspace import Workspace

_LINES = 2000
_LINE_BYTES = 4000  # of each line; minified files have one
_PAGE_BYTES = 256 << 10

_SPEC = ToolSpec(
    "read",
    "Read a text file of the workspace. Lines are numbered from 1, with a tab after the number; the numbers are not "
    f"part of the file. At most {_LINES} lines or {_PAGE_BYTES >> 10} KiB come at once; the end says how to go on.",
    schema(
        path=PATH,
        offset=integer("the first line to read, counted from 1", minimum=1),
        limit=integer("how many lines to read", minimum=1),
        required=("path",),
    ),
)


@dataclass(frozen=True, slots=True)
class Read:
    """Reads text files of a workspace; what is not text is said to be so."""

    workspace: Workspace
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        path = await asyncio.to_thread(self.workspace.resolve, arguments["path"])
        offset = int(arguments.get("offset", 1))
        limit = min(int(arguments.get("limit", _LINES)), _LINES)
        work = partial(self._page, path, offset, limit)
        return Plan(f"read {path}", path, "read", partial(in_thread, work))

    def _page(self, path: str, offset: int, limit: int, stop: threading.Event) -> Outcome:
        with self.workspace.file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
            size = os.fstat(descriptor).st_size
            if kind := binary_kind(file.read(8192)):
                raise ToolError(f"{path} is {kind} of {size} bytes; only text can be read", reason="invalid")
            file.seek(0)
            for number in range(1, offset):
                if stop.is_set() or not _skip(file, stop):
                    raise ToolError(f"{path} has {number - 1} lines only", reason="invalid")
            return Outcome(_shown(file, offset, limit, stop))


def _shown(file: BinaryIO, offset: int, limit: int, stop: threading.Event) -> str:
    lines: list[str] = []
    size = 0
    replaced = False
    while len(lines) < limit and size < _PAGE_BYTES:
        if not (data := file.readline(_LINE_BYTES)):
            break
        cut = len(data) == _LINE_BYTES and not data.endswith(b"\n")
        if cut:
            _skip(file, stop)
            data = _whole(data)
        text = data.decode("utf-8-sig" if offset + len(lines) == 1 else "utf-8", errors="replace")
        replaced |= "\ufffd" in text and b"\xef\xbf\xbd" not in data
        lines.append(f"{offset + len(lines):>6}\t{text.rstrip(chr(10)).removesuffix(chr(13))}{' [cut]' if cut else ''}")
        size += len(data)
    end = offset + len(lines)
    notes = ["[empty file]"] if end == 1 else []
    if file.read(1):
        notes.append(f"[there is more: go on with offset {end}]")
    if replaced:
        notes.append("[not UTF-8: \ufffd stands for bytes that do not fit, and `edit` will refuse the file]")
    return "\n".join((*lines, *notes))


def _whole(data: bytes) -> bytes:
    """A line that was cut, less the beginning of a character at its end."""
    for back in range(1, 4):
        if data[-back] >= 0xC0:  # noqa: PLR2004 - the first byte of a character of several
            return data[:-back]
        if data[-back] < 0x80:  # noqa: PLR2004 - a character of one byte
            break
    return data


def _skip(file: BinaryIO, stop: threading.Event) -> bool:
    """Pass by the rest of a line; whether there was any."""
    found = False
    while not stop.is_set() and (data := file.readline(1 << 16)):
        found = True
        if data.endswith(b"\n"):
            break
    return found
