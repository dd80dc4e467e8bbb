"""What could answer a turn, what that is expected to cost, and what keeps each of them from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agentctl.choosing import Situation
from agentctl.context import as_sent
from agentctl.economy import ledger, tokens
from agentctl.economy.preflight import Told, judge
from agentctl.economy.pricing import price
from agentctl.errors import AgentctlError
from agentctl.learning.actions import Action
from agentctl.learning.prefix import Prefix
from agentctl.messages import Attachment, Message
from agentctl.providers.base import Caching
from agentctl.target import Target
from agentctl.usage import Usage

if TYPE_CHECKING:
    from agentctl.economy.budget import Account

USUAL_OUTPUT = 500
"""Tokens that an answer is expected to have where nobody has learnt better."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One that could answer; `cost` is what that is expected to cost, `masked` why it can't."""

    action: Action
    target: Target | None
    cost: Decimal | None
    masked: str | None


@dataclass(frozen=True, slots=True)
class Means:
    """What candidates are looked up with.

    Args:
        connect: makes the target of `provider/model`; raises an AgentctlError where it can't be asked.
        obstacle: says why `provider/model` can't be asked now, as where there is no key for it; None if it can.
        accounts: what is left of the budgets, for a turn that has any.
    """

    connect: Callable[[str], Target]
    obstacle: Callable[[str], str | None]
    accounts: Callable[[Situation], Sequence[Account]]


class Roster:
    """The actions that there are to choose among.

    Args:
        actions: all of them.
        variants: the system prompts by name.
        means: see there.
    """

    def __init__(self, actions: Sequence[Action], variants: Mapping[str, str], means: Means) -> None:
        self.actions = tuple(actions)
        self._variants = variants
        self._means = means
        self._targets: dict[str, Target | str] = {}

    @property
    def targets(self) -> Iterator[Target]:
        """Those that were connected so far."""
        return (one for one in self._targets.values() if isinstance(one, Target))

    def target(self, action: Action) -> Target:
        """The model of an action, whatever keeps it from answering.

        Raises:
            AgentctlError: it can't be asked at all.
        """
        found = self._targets.get(action.model)
        return found if isinstance(found, Target) else self._means.connect(action.model)

    def found(self, model: str | None) -> Target | None:
        """The model `provider/model`, if it is one of those that there are to choose among and can be asked."""
        known = model is not None and any(one.model == model for one in self.actions)
        target = self._target(model) if known and model else None
        return target if isinstance(target, Target) else None

    def prompt(self, action: Action) -> str | None:
        """The system prompt of an action's variant; None without one."""
        return self._variants.get(action.variant or "")

    def dollars(self, name: str, usage: Usage) -> float | None:
        """What an action's model charges for this; None where it can't be asked, or its price is unknown."""
        action = next((one for one in self.actions if str(one) == name), None)
        target = self._target(action.model) if action else None
        cost = price(usage, target.card) if isinstance(target, Target) else None
        return None if cost is None else float(cost)

    def candidates(self, situation: Situation, prefix: Prefix, output: Mapping[str, int]) -> list[Candidate]:
        """What could answer a turn.

        Args:
            situation: the turn.
            prefix: what of it a provider has in its cache.
            output: how many tokens an action's answer is expected to have, where that is known.
        """
        asked = _asked(situation)
        accounts = self._means.accounts(situation) if situation.allowance else ()
        found = (self._candidate(one, asked, prefix, output) for one in self.actions)
        return [self._affordable(one, asked, accounts) for one in found]

    def _candidate(self, action: Action, asked: _Asked, prefix: Prefix, output: Mapping[str, int]) -> Candidate:
        target = self._target(action.model)
        if isinstance(target, str):
            return Candidate(action, None, None, target)
        masked = next(self._obstacles(action, target, asked), None)
        usage = prefix.usage(action.model, asked.size, output.get(str(action), USUAL_OUTPUT))
        cost = price(usage, target.card)
        if cost is None and masked is None:
            masked = f'its price is unknown: set models."{action.model}".input and .output'
        return Candidate(action, target, cost, masked)

    def _target(self, model: str) -> Target | str:
        """The model, or why it can't be asked at all."""
        if model not in self._targets:
            try:
                self._targets[model] = self._means.obstacle(model) or self._means.connect(model)
            except AgentctlError as error:
                self._targets[model] = error.message
        return self._targets[model]

    def _obstacles(self, action: Action, target: Target, asked: _Asked) -> Iterator[str]:
        options = asked.situation.options
        if options.effort and action.effort not in {None, options.effort}:
            yield f"the effort is to be {options.effort}"
        yield from self._wrong_prompt(action, asked.situation)
        yield from _incapable(action, target, asked)
        if judge(Told(asked.size), target.card) == "too large":
            yield f"about {asked.size:,} tokens are too many for it"

    def _wrong_prompt(self, action: Action, situation: Situation) -> Iterator[str]:
        """A session keeps the system prompt that it began with: another one would make it another conversation."""
        if action.variant is not None and action.variant not in self._variants:
            yield f"there is no variant {action.variant}: set routing.variants.{action.variant}"
        elif situation.system:
            if action.variant is not None:
                yield "the system prompt is given"
        elif situation.said:
            systems = [one.text for one in situation.said if one.role == "system"]
            standing = systems[-1].strip() if systems else None
            named = next((name for name, text in self._variants.items() if text == standing), None)
            if action.variant != named:
                yield "the session began with another system prompt"

    def _affordable(self, candidate: Candidate, asked: _Asked, accounts: Sequence[Account]) -> Candidate:
        if candidate.masked or candidate.target is None or not accounts:
            return candidate
        from agentctl.economy.allowance import Refusal, decide  # noqa: PLC0415 - who has no budget needs none of it
        from agentctl.economy.worst import longest_answer, worst  # noqa: PLC0415

        card = candidate.target.card

        def most(answer: int) -> int:
            return ledger.stored(worst(asked.size, answer, card)[1]) or 0

        wanted = longest_answer(asked.situation.options.max_output, card.max_output)
        refused = isinstance(decide(accounts, most, wanted), Refusal)
        return replace(candidate, masked="it may cost more than the budget has left") if refused else candidate


@dataclass(frozen=True, slots=True)
class _Asked:
    """A turn, the messages that would be sent, and about how many tokens these are with the tools."""

    situation: Situation
    messages: tuple[Message, ...]
    size: int


def _asked(situation: Situation) -> _Asked:
    sent, tools = as_sent((*situation.said, *situation.added)), situation.options.tools
    return _Asked(situation, sent, tokens.estimate(sent) + (tokens.estimate_tools(tools) if tools else 0))


def _incapable(action: Action, target: Target, asked: _Asked) -> Iterator[str]:
    if not isinstance(target.provider, Caching):
        return
    known, options = target.provider.capabilities, asked.situation.options
    if options.tools and not known.tools:
        yield "it can't call tools"
    if options.schema is not None and not known.json_schema:
        yield "its answers can't follow a schema"
    if action.effort and not known.effort:
        yield "it takes no effort"
    files = [part for message in asked.messages for part in message.parts if isinstance(part, Attachment)]
    if odd := next((one.media_type for one in files if not _takes(known.media_types, one)), None):
        yield f"it takes no {odd}"


def _takes(prefixes: tuple[str, ...], file: Attachment) -> bool:
    return file.is_text or file.media_type.startswith(prefixes)
