"""What the generations of OpenAI's models differ in, as data: a model's name says which it is. Pure.

Sources: https://developers.openai.com/api/docs/guides/reasoning, …/guides/latest-model, …/docs/models/* (the supported
values of `reasoning.effort` of each); openai 3.54 types/shared/reasoning.py; errors as users quote them
(openai/openai-agents-python#2089, anomalyco/opencode#4451 and #36141, vercel/ai#10932).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentctl.providers.base import EFFORTS, Effort
from agentctl.providers.versions import gpt

_O_SERIES = re.compile(r"o[1-4](-|$)|codex-mini")


@dataclass(frozen=True, slots=True)
class Generation:
    """What the models of a generation take.

    Args:
        efforts: the levels of effort that they know, the least first; none if they do not reason, or not as told.
        temperature: whether they take one also where they reason.
        thinks_unasked: whether they reason where a request does not speak of it.
    """

    efforts: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
    temperature: bool = False
    thinks_unasked: bool = True

    def takes_temperature(self, effort: Effort | None) -> bool:
        """Whether a request of this effort may have a temperature: None is one that does not speak of it."""
        return self.temperature or effort == "none" or (effort is None and not self.thinks_unasked)


_PLAIN = Generation((), temperature=True)
_FOREIGN = Generation(EFFORTS, temperature=True)  # no model of OpenAI's: the server knows what it takes
_FIRST = Generation(())  # o1-mini, o1-preview
_O = Generation(("low", "medium", "high"))
_RESEARCH = Generation(("medium",))
_5 = Generation(("minimal", "low", "medium", "high"))
_5_1 = Generation(("none", "low", "medium", "high"), thinks_unasked=False)
_5_2 = Generation(("none", "low", "medium", "high", "xhigh"), thinks_unasked=False)  # to 5.5
_5_6 = Generation(("none", "low", "medium", "high", "xhigh", "max"))  # to 6.1
_CODEX = Generation(("low", "medium", "high", "xhigh"))
_PRO = Generation(("medium", "high", "xhigh"))
_5_PRO = Generation(("high",))
_NEWEST = Generation()
_NEVER_IDLE = ("gpt-6-astra", "gpt-6.1-sol")  # they know no `none`


def generation(model: str) -> Generation:
    """Return what the model takes; one that is newer than this table takes what the newest do."""
    name = model.removeprefix("ft:")
    if name.startswith(("o1-mini", "o1-preview")):
        return _FIRST
    if _O_SERIES.match(name):
        return _RESEARCH if "deep-research" in name else _O
    if name.startswith(("chatgpt-", "gpt-chat-")):
        return _PLAIN
    version = gpt(name)
    return _FOREIGN if version is None else _gpt(name, version)


def _gpt(name: str, version: tuple[int, int]) -> Generation:
    if version < (5, 0) or "-chat" in name:
        return _PLAIN
    if "-pro" in name:
        return _5_PRO if version == (5, 0) else _PRO
    if "-codex" in name:
        return _O if version < (5, 2) and "-max" not in name else _CODEX
    if version < (5, 2):
        return _5 if version == (5, 0) else _5_1
    if version < (5, 6):
        return _5_2
    return _5_6 if version <= (6, 1) and not name.startswith(_NEVER_IDLE) else _NEWEST


def nearest(wish: Effort, known: Sequence[Effort]) -> Effort | None:
    """Return the level that is nearest to the wish; of two that are as near more thinking is the safer one.

    None if no level is known.
    """
    wanted = EFFORTS.index(wish)
    return min(known, key=lambda one: (abs(EFFORTS.index(one) - wanted), -EFFORTS.index(one)), default=None)
