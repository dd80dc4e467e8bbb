"""The files below a directory of the workspace, without what git ignores and what is private; no link is followed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentctl.errors import ToolError
from agentctl.tools.builtin import ignored
from agentctl.tools.builtin.ignored import Ignored
from agentctl.tools.builtin.workspace import Workspace, is_nameable

_RULES_LENGTH = 1 << 20
_NEVER = {".git", ".agentctl", ".hg", ".svn", ".jj"}


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: its real path, and when it was last changed, in seconds of the epoch."""

    path: str
    changed: float


def walk(workspace: Workspace, start: str, check: Callable[[], None] = lambda: None) -> Iterator[Found]:
    """Yield the files below the directory `start` in order of their names, a directory's own files first.

    `check` is called for every directory, and may raise to end the walk. What vanishes meanwhile is passed by.
    """
    with workspace.directory(start):
        pass  # to say at once that there is none
    waiting: list[tuple[str, Ignored | None]] = [(start, _above(workspace, start))]
    while waiting:
        check()
        directory, rules = waiting.pop()
        try:
            with workspace.directory(directory) as descriptor:
                rules = _rules(workspace, directory, rules)
                files, deeper = _entries(workspace, descriptor, directory, rules)
        except (ToolError, OSError):
            continue
        yield from files
        waiting += [(path, rules) for path in reversed(deeper)]


def _entries(
    workspace: Workspace, descriptor: int, directory: str, rules: Ignored | None
) -> tuple[list[Found], list[str]]:
    files: list[Found] = []
    deeper: list[str] = []
    with os.scandir(descriptor) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = PurePosixPath(directory, entry.name)
            is_directory = entry.is_dir(follow_symlinks=False)
            if entry.name in _NEVER or not is_nameable(entry.name) or workspace.hides(directory, entry.name):
                continue
            if rules and rules.ignores(path.parts, is_directory=is_directory):
                continue
            if is_directory:
                deeper.append(path.as_posix())
            elif entry.is_file(follow_symlinks=False):
                files.append(Found(path.as_posix(), entry.stat(follow_symlinks=False).st_mtime))
    return files, deeper


def _above(workspace: Workspace, start: str) -> Ignored | None:
    """The rules of all directories above `start`."""
    rules: Ignored | None = None
    for directory in reversed(PurePosixPath(start).parents):
        rules = _rules(workspace, directory.as_posix(), rules)
    return rules


def _rules(workspace: Workspace, directory: str, above: Ignored | None) -> Ignored | None:
    path = PurePosixPath(directory, ".gitignore")
    try:
        with workspace.file(path.as_posix()) as descriptor:
            text = os.read(descriptor, _RULES_LENGTH).decode(errors="replace")
    except (ToolError, OSError):
        return above
    return ignored.parse(text, len(path.parts) - 1, above)
