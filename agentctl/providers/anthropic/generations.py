"""What the generations of Claude differ in, as data: a model's name says which it is. Pure.

Sources: https://platform.claude.com/docs/en/build-with-claude/thinking, …/effort, …/preserved-thinking and the
migration guides of each model, https://platform.claude.com/docs/en/models/overview.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agentctl.providers.base import Effort

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
"""What the API calls the levels of effort, the least first."""

_NAME = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?:-([a-z]+))?")
_UNDATED = (0, 0)
_ALWAYS_THINK = frozenset({"fable", "mythos"})


@dataclass(frozen=True, slots=True)
class Generation:
    """What the models of a generation take.

    Args:
        thinking: how they are told to think: not at all, with a budget of tokens, or as much as they see fit.
        thinks_unasked: whether they think where a request does not speak of it.
        hides: whether they then keep what they thought to themselves.
        off: the type of thinking that turns thinking off where it is on unasked; None if nothing does.
        efforts: the levels of effort that they know, the least first.
        temperature: whether they take one; with thinking none does.
        signs: whether they take back only thoughts that they signed.
        binds: whether a signature holds only while nothing before it has changed.
    """

    thinking: Literal["budget", "adaptive"] | None = "adaptive"
    thinks_unasked: bool = True
    hides: bool = True
    off: Literal["disabled", "between_tools"] | None = None
    efforts: tuple[Effort, ...] = EFFORTS
    temperature: bool = False
    signs: bool = True
    binds: bool = True


_PLAIN = Generation(None, thinks_unasked=False, efforts=(), temperature=True, binds=False)  # up to Claude 3.5
_BUDGET = Generation("budget", thinks_unasked=False, efforts=(), temperature=True, binds=False)  # 3.7 to 4.5
_OPUS_4_5 = Generation("budget", thinks_unasked=False, efforts=("low", "medium", "high"), temperature=True, binds=False)
_4_6 = Generation(thinks_unasked=False, efforts=("low", "medium", "high", "max"), temperature=True, binds=False)
_4_7 = Generation(thinks_unasked=False, binds=False)  # and 4.8
_5 = Generation(off="disabled", binds=False)
_FABLE_5 = Generation(binds=False)
_NEWEST = Generation()
_FOREIGN = Generation(hides=False, off="disabled", temperature=True, signs=False, binds=False)  # no Claude at all
_LATER: Mapping[tuple[str, tuple[int, int]], Generation] = {
    ("sonnet", (5, 5)): Generation(off="between_tools"),
    ("haiku", (5, 5)): Generation(off="disabled"),
}


def generation(model: str) -> Generation:  # noqa: PLR0911 - a table, the oldest first
    """Return what the model takes; one that is newer than this table takes what the newest do."""
    if "claude" not in model:
        return _FOREIGN
    family, version = _parse(model)
    if version == _UNDATED:
        return _NEWEST
    if version < (3, 7):
        return _PLAIN
    if version <= (4, 5):
        return _OPUS_4_5 if (family, version) == ("opus", (4, 5)) else _BUDGET
    if version <= (4, 6):
        return _4_6
    if version < (5, 0):
        return _4_7
    if version == (5, 0):
        return _FABLE_5 if family in _ALWAYS_THINK else _5
    return _LATER.get((family, version), _NEWEST)


def _parse(model: str) -> tuple[str, tuple[int, int]]:
    """The family and version in a name: `claude-opus-4-5-20251101`, `claude-3-7-sonnet-latest`, `claude-sonnet-5`."""
    found = _NAME.search(model)
    if found is None:
        return "", _UNDATED
    before, major, minor, after = found.groups()
    return before or after or "", (int(major), int(minor or 0))
