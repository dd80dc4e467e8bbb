"""Looking for a regular expression in the files of a workspace, in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from agentctl.errors import ToolError
from agentctl.tools.builtin.pattern import Pattern
from agentctl.tools.builtin.text import binary_kind
from agentctl.tools.builtin.walk import walk
from agentctl.tools.builtin.workspace import Workspace

_MOST = 500  # lines
_SHOWN = 400  # characters of a line
_LINE = 1 << 16  # bytes of a line that are looked at
_LARGEST = 64 << 20  # bytes of a file


def search(request: Mapping[str, Any]) -> str:
    """Return the lines that match, as `path:number: line`.

    The request has `root` and `private` as `Workspace`, `path` (a real path in it), `pattern`, `glob` (may be
    empty) and `ignore_case`.

    Raises:
        ToolError: the pattern is none, or the path does not exist.
    """
    try:
        pattern = re.compile(request["pattern"], re.IGNORECASE if request["ignore_case"] else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise ToolError(f"the pattern is no regular expression: {error}", reason="invalid") from error
    workspace = Workspace(Path(request["root"]), [Path(place) for place in request["private"]])
    lines: list[str] = []
    for path in _files(workspace, request["path"], request["glob"]):
        for line in _matches(workspace, path, pattern):
            lines.append(line)
            if len(lines) > _MOST:
                return "\n".join([*lines[:_MOST], "[there is more: narrow the pattern or the path]"])
    return "\n".join(lines) or "[no line matches]"


def _files(workspace: Workspace, path: str, glob: str) -> Iterator[str]:
    if (workspace.root / path).is_dir():
        wanted = Pattern(glob if "/" in glob else f"**/{glob or '*'}")
        above = len(PurePosixPath(path).parts)
        for file in walk(workspace, path):
            if wanted.matches(PurePosixPath(file.path).parts[above:]):
                yield file.path
    else:
        with workspace.file(path):
            pass  # to say at once that there is none
        yield path


def _matches(workspace: Workspace, path: str, pattern: re.Pattern[str]) -> Iterator[str]:
    try:
        with workspace.file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
            if binary_kind(file.read(8192)):
                return
            file.seek(0)
            number, read = 1, 0
            while read < _LARGEST and (data := file.readline(_LINE)):
                read += len(data)
                line = data.decode(errors="replace").rstrip("\r\n")
                if pattern.search(line):
                    yield f"{path}:{number}: {line[:_SHOWN]}{' [cut]' if len(line) > _SHOWN else ''}"
                number += data.endswith(b"\n")
    except (ToolError, OSError):
        return  # gone, or not ours to read
