"""Symbolic links that a component made in a directory it may write to, and that lead out of it.

The component itself can't follow them, but whoever works in the directory later would.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentctl.tools.wasm.grants import Preopen


def escaping(files: Iterable[Preopen]) -> frozenset[Path]:
    """The links below the writable directories that lead out of theirs, by their path."""
    return frozenset(
        link for each in files if each.writable for link in _links(each.host) if _leads_out(link, each.host)
    )


def remove_new(files: Iterable[Preopen], before: frozenset[Path]) -> tuple[Path, ...]:
    """Remove the links that lead out and were not there before; return which."""
    new = tuple(sorted(escaping(files) - before))
    for link in new:
        link.unlink(missing_ok=True)
    return new


def _links(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top, followlinks=False):
        for name in (*folders, *names):
            path = Path(folder, name)
            if path.is_symlink():
                yield path


def _leads_out(link: Path, top: Path) -> bool:
    return not Path(os.path.realpath(link)).is_relative_to(top)  # unlike `resolve`, it bears links in a circle
