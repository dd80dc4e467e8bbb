"""What is run later without anybody being asked: git's hooks and settings, and agentctl's settings of a project."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from agentctl.tools.builtin.private import plain

_NAMES = frozenset({".git", ".agentctl"})
# Each of these may be a link; then what it names is as good as its own.
_LINKED = (".git", ".git/hooks", ".git/config", ".agentctl", ".agentctl/config.toml")
_GIT = ("HEAD", "objects", "refs")  # what makes a directory a repository for git, whatever it is called
_OF_GIT = frozenset({"hooks", "config", "config.worktree", "commondir", "info", "modules", "worktrees"})
_POINTER = 4096  # bytes of a `.git` that is a file: `gitdir: PATH`


def named(relative: PurePath) -> str:
    """The guarded name that a path has; empty if it has none."""
    return next((part for part in relative.parts if plain(part) in _NAMES), "")


def reached(root: Path, relative: PurePath) -> str:
    """What of a real path is guarded for what leads to it; empty if nothing is.

    That is looked for in the directories above it: their `.git` and `.agentctl` may be links to it, and they may be
    repositories under another name. Not looked for: links to it from elsewhere, as from another project's `.agentctl`.
    """
    target = root / relative
    for above in target.parents:
        if what := _linked(root, above, target) or _of_repository(above, target):
            return what
        if above == root:
            break
    return ""


def _linked(root: Path, above: Path, target: Path) -> str:
    for name in _LINKED:
        real = _named(above / name)
        if root in real.parents and real in (target, *target.parents):
            return name
    return ""


def _of_repository(above: Path, target: Path) -> str:
    first = target.relative_to(above).parts[0]
    return first if plain(first) in _OF_GIT and all(os.path.lexists(above / name) for name in _GIT) else ""


def _named(place: Path) -> Path:
    """The real path of what a place is, or points to as git does."""
    real = Path(os.path.realpath(place))
    if place.name == ".git" and (path := _pointed(real)):
        return Path(os.path.realpath(place.parent / path))
    return real


def _pointed(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            text = os.fsdecode(opened.read(_POINTER)).partition("\n")[0]
    except OSError:  # usually it is a directory
        return ""
    return text.removeprefix("gitdir:").strip() if text.startswith("gitdir:") else ""
