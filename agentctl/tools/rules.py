"""Rules on what tools may do: `read`, `edit(src/**)`, `shell(git diff *)`, `fetch(docs.python.org)`. Pure.

A rule is a tool's name, which may end in `*`, and in parentheses a pattern for the subject of its calls: the path, the
command, the host. In a path `*` and `?` stop at a slash and `**` does not; elsewhere `*` is any text. After `=` stands
the subject itself: `shell(=rm *.tmp)` is that command and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agentctl.errors import UsageError
from agentctl.tools.base import Asked
from agentctl.tools.commands import JOINTS, commands
from agentctl.tools.globs import matches

_RULE = re.compile(r"(?P<tool>[A-Za-z0-9_.-]+\*?|\*)(?:\((?P<subject>.*)\))?", re.DOTALL)
_BY_COMMAND = frozenset({"execute", "network"})  # what is allowed for good is this one, and not all of its kind


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
        subject = _subject(asked)
        if self.subject is None or subject in {self.subject, self.subject.removeprefix("=")}:
            return True
        if self.subject.startswith("="):
            return False
        # A pattern for one command must not let in a second.
        joined = asked.plan.effect == "execute" and JOINTS.search(subject)
        return not joined and self._matches(subject, asked)

    def forbids(self, asked: Asked) -> bool:
        """Whether a forbidding rule speaks of any part of the call."""
        if not self._names(asked.tool):
            return False
        subject = _subject(asked)
        parts = set(commands(subject)) if asked.plan.effect == "execute" else {subject}
        if self.subject is None or self.subject.startswith("="):
            return self.subject is None or self.subject[1:] in parts
        if asked.plan.effect == "execute":
            parts |= {f"{part} " for part in parts}  # who forbids `git push *` means `git push` too
        return any(self._matches(part, asked) for part in parts)

    def _names(self, tool: str) -> bool:
        return tool.startswith(self.tool[:-1]) if self.tool.endswith("*") else tool == self.tool

    def _matches(self, subject: str, asked: Asked) -> bool:
        return self.subject is not None and matches(self.subject, subject, paths=asked.plan.effect in {"read", "write"})


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


def lasting(asked: Asked) -> Rule | None:
    """Return the rule by which calls like this one are allowed for good: this command, this host, or else the tool.

    None where it can't be written down as a rule.
    """
    rule = Rule(asked.tool)
    if asked.plan.effect in _BY_COMMAND and asked.plan.subject:
        rule = Rule(asked.tool, f"={_subject(asked)}")
    try:
        return rule if parse(str(rule)) == rule else None
    except UsageError:
        return None


def _subject(asked: Asked) -> str:
    """The subject; a host in one spelling."""
    subject = asked.plan.subject
    return subject.lower().rstrip(".") if asked.plan.effect == "network" else subject
