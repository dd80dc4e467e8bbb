"""Rules on what tools may do: `read`, `edit(src/**)`, `shell(git diff *)`, `fetch(docs.python.org)`. Pure.

A rule is a tool's name, which may end in `*`, and in parentheses a pattern for the subject of its calls: the path, the
command, the host. In a path `*` and `?` stop at a slash and `**` does not; elsewhere `*` is any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from agentctl.errors import UsageError
from agentctl.tools.base import Asked

_RULE = re.compile(r"(?P<tool>[A-Za-z0-9_.-]+\*?|\*)(?:\((?P<subject>.*)\))?", re.DOTALL)
# What joins commands, redirects them or puts one into another: a pattern for one command must not let in a second.
_JOINTS = re.compile(r"&&|\|\||[;&|\n\r<>`]|\$\(|\$\{")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `subject` is None where it speaks of every call of the tool."""

    tool: str
    subject: str | None = None

    def __str__(self) -> str:
        return self.tool if self.subject is None else f"{self.tool}({self.subject})"

    def allows(self, asked: Asked) -> bool:
        """Whether an allowing rule lets all of the call through."""
        if not self._names(asked.tool):
            return False
        subject = asked.plan.subject
        if self.subject is None or self.subject == subject:
            return True
        if asked.plan.effect == "execute" and _JOINTS.search(subject):
            return False
        return _matches(self.subject, subject, paths=asked.plan.effect in {"read", "write"})

    def forbids(self, asked: Asked) -> bool:
        """Whether a forbidding rule speaks of any part of the call."""
        if not self._names(asked.tool):
            return False
        subject, effect = asked.plan.subject, asked.plan.effect
        if self.subject is None or self.subject == subject:
            return True
        parts = [subject, *map(str.strip, _JOINTS.split(subject))] if effect == "execute" else [subject]
        return any(_matches(self.subject, part, paths=effect in {"read", "write"}) for part in parts)

    def _names(self, tool: str) -> bool:
        return tool.startswith(self.tool[:-1]) if self.tool.endswith("*") else tool == self.tool


def parse(text: str) -> Rule:
    """Read a rule.

    Raises:
        UsageError: it is none.
    """
    found = _RULE.fullmatch(text.strip())
    if not found or not text.isprintable():
        raise UsageError(f"{text!r} is no rule for tools", hint="a rule is like: edit, edit(src/**), shell(git diff *)")
    return Rule(found["tool"], found["subject"])


def first(rules: Iterable[Rule], asked: Asked, *, forbidding: bool) -> Rule | None:
    """Return the first rule that allows the call, or forbids it."""
    return next((rule for rule in rules if (rule.forbids(asked) if forbidding else rule.allows(asked))), None)


def exactly(asked: Asked) -> Rule:
    """Return the rule for calls like this one: this command, this host, or this tool for all files."""
    return Rule(asked.tool, asked.plan.subject if asked.plan.effect in {"execute", "network"} else None)


def _matches(pattern: str, subject: str, *, paths: bool) -> bool:
    return _compiled(pattern, paths).fullmatch(subject) is not None


@cache
def _compiled(pattern: str, paths: bool) -> re.Pattern[str]:
    any_, one = ("[^/]*", "[^/]") if paths else (".*", ".")
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?" if paths else ".*/", "**": ".*", "*": any_, "?": one}
    return re.compile("".join(known.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
