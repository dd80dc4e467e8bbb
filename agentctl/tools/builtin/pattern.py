"""Patterns of paths: `*`, `?` and `[…]` within a name, `**` for any directories, `{a,b}` for either."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import cache

from agentctl.errors import ToolError

_ALTERNATIVES = 64


class Pattern:
    """A pattern of paths, matched name by name, so that the time it takes is bounded by their number squared.

    Args:
        text: the pattern.
        alternatives: whether `{a,b}` means either; git knows no such thing.

    Raises:
        ToolError: it has too many alternatives.
    """

    def __init__(self, text: str, *, alternatives: bool = True) -> None:
        texts = _expanded(text) if alternatives else [text]
        self._alternatives = [one.strip("/").split("/") for one in texts]

    def matches(self, path: Sequence[str]) -> bool:
        """Whether these names, from the top on, are such a path."""
        return any(_matches(names, path) for names in self._alternatives)


def _matches(names: Sequence[str], path: Sequence[str]) -> bool:
    reached = {0}  # how many names of the path the pattern so far may stand for
    for name in names:
        if name == "**":
            reached = set(range(min(reached), len(path) + 1))
        else:
            reached = {end + 1 for end in reached if end < len(path) and _name(name).match(path[end])}
        if not reached:
            return False
    return len(path) in reached


@cache
def _name(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(re.sub(r"\*+", "*", pattern)))


def _expanded(text: str) -> list[str]:
    done: list[str] = []
    waiting = [text]
    while waiting:
        one = waiting.pop()
        if group := re.search(r"\{([^{}]*,[^{}]*)\}", one):
            waiting += [one[: group.start()] + choice + one[group.end() :] for choice in group[1].split(",")[::-1]]
        else:
            done.append(one)
        if len(done) + len(waiting) > _ALTERNATIVES:
            raise ToolError(f"the pattern has more than {_ALTERNATIVES} alternatives", reason="invalid")
    return done
