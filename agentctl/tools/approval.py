"""Who decides what tools may do: rules first, then what the user chose for all that no rule speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from agentctl.tools.base import Approver, Asked, Decision
from agentctl.tools.rules import Rule, first

Mode = Literal["ask", "auto", "never"]

MODES: tuple[Mode, ...] = get_args(Mode)
_HARMLESS = frozenset({"none", "read"})  # of what is confined to the workspace, and of what can reach nothing


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed and what is forbidden, which holds against what is allowed."""

    allow: Sequence[Rule] = ()
    deny: Sequence[Rule] = ()
    remembered: Callable[[], Sequence[Rule]] = tuple  # what the user allowed for good, also since this began


class Policy:
    """Decides by rules, and by a mode where no rule speaks: `auto` allows, `never` refuses, `ask` asks `person`.

    Reading inside the workspace, and what can touch nothing at all, need no leave: only a rule can refuse them.
    """

    def __init__(self, mode: Mode, rules: Rules, person: Approver | None = None) -> None:
        self._mode = mode
        self._rules = rules
        self._person = person

    async def decide(self, asked: Asked) -> Decision:
        """Allow the plan or refuse it."""
        if rule := first(self._rules.deny, asked, forbidding=True):
            return Decision(allowed=False, by="rule", reason=f"the rule {rule} forbids it")
        if first([*self._rules.allow, *self._rules.remembered()], asked, forbidding=False):
            return Decision(allowed=True, by="rule")
        if self._mode == "auto" or asked.plan.effect in _HARMLESS:
            return Decision(allowed=True, by="mode")
        if self._mode == "ask" and self._person:
            return await self._person.decide(asked)
        return Decision(allowed=False, by="mode", reason="nobody is asked here, and no rule allows it")
