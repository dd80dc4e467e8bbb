"""Which files a `.gitignore` leaves out.

git itself is not asked: its settings are in the workspace, and some of them (`core.fsmonitor`) are programs to run.
Source: https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentctl.tools.builtin.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches is left out, or with `keeps` is not."""

    pattern: Pattern
    keeps: bool
    directories_only: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules of one directory's file, `depth` names below the top; those of the directories above are in `above`."""

    rules: tuple[Rule, ...] = ()
    depth: int = 0
    above: Ignored | None = None

    def ignores(self, path: Sequence[str], *, is_directory: bool) -> bool:
        """Whether a path, given by its names from the top on, is left out; the last rule that fits decides."""
        for rule in reversed(self.rules):
            if (is_directory or not rule.directories_only) and rule.pattern.matches(path[self.depth :]):
                return not rule.keeps
        return self.above is not None and self.above.ignores(path, is_directory=is_directory)


def parse(text: str, depth: int, above: Ignored | None) -> Ignored:
    """Read a `.gitignore` that is `depth` names below the top."""
    rules = []
    for line in text.splitlines():
        kept = line.rstrip() if not line.rstrip().endswith("\\") else line
        if not kept or kept.startswith("#"):
            continue
        keeps, pattern = kept.startswith("!"), kept.removeprefix("!").removeprefix("\\")
        anchored = "/" in pattern.rstrip("/")
        names = Pattern(pattern if anchored else f"**/{pattern}", alternatives=False)
        rules.append(Rule(names, keeps, pattern.endswith("/")))
    return Ignored(tuple(rules), depth, above)
