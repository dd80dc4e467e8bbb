"""How a conversation is made shorter: what a summary is to stand for, in which calls it is made, and what that costs.

What does not fit the model at once is summarised in pieces, and the summaries then in one more round, or few.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from agentctl.asking import Options
from agentctl.context import as_sent, cuts, marked, replaceable
from agentctl.economy.cards import ModelCard
from agentctl.economy.money import dollars
from agentctl.economy.preflight import Counted, most_input, size_of
from agentctl.economy.pricing import price
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.errors import AgentctlError, BudgetError, ContextOverflowError, UsageError
from agentctl.messages import Message, Summary, user
from agentctl.summarising import SPARE, Model, Plan, Wanted, about, free
from agentctl.transcript import pieces, transcript
from agentctl.usage import Usage

_TYPICAL = 1_000  # tokens of a usual summary
_MOST_CALLS, _MOST_ROUNDS = 32, 4


def plan(messages: Sequence[Message], wanted: Wanted, model: Model) -> Plan:
    """Return how a conversation is made shorter.

    Raises:
        UsageError: there is nothing to summarise.
        ContextOverflowError: no summary makes it short enough, or it takes too many calls to make one.
        BudgetError: that is likely to cost more than is wanted, or nobody knows what.
    """
    cut = _cut(messages, wanted, model)
    replaced = replaceable(messages, cut)
    texts = pieces(transcript(replaced), free(model, wanted.instructions), lambda text: model.most([user(text)]))
    rounds = _rounds(len(texts), model, wanted)
    tokens = model.count([marked(one.summary) if one.summary else one for one in replaced]).tokens
    found = Plan(cut, len(replaced), tokens, tuple(texts), sum(rounds), _cost(tokens, rounds, model), model.longest)
    if wanted.most is not None and (found.cost is None or found.cost > wanted.most):
        raise BudgetError(
            f"a summary is estimated at {dollars(found.cost)}, and {dollars(wanted.most)} is the most that it may cost",
            hint="a higher --max-cost, or a cheaper model with -m",
        )
    return found


def summariser(card: ModelCard, options: Options, observed: Observed | None) -> Model:
    """Who summarises: a model of which this is known, in a conversation with these options."""

    def counted(prompt: Prompt) -> Counted:
        return count(prompt, card.name, observed)

    return Model(
        card,
        lambda messages: counted(Prompt(tuple(messages))),
        lambda messages: counted(Prompt(as_sent(messages), options.tools, options.schema)),
    )


def _cut(messages: Sequence[Message], wanted: Wanted, model: Model) -> int:
    """The place up to which is summarised: before the turns that are kept."""
    places = cuts(messages)
    before = () if wanted.before is None else (wanted.before,)
    least = 0 if before or not wanted.fit else 1  # the turn that is under way is gone on with
    kept = range(min(wanted.keep, len(places) - 1), least - 1, -1) if wanted.fit else (wanted.keep,)
    possible = [places[-1 - turns] for turns in kept if turns < len(places)]
    possible = [place for place in possible if any(not one.summary for one in replaceable(messages, place))]
    if not wanted.fit and possible:
        return possible[0]
    too_large: Counted | None = None
    for place in possible:
        size = model.whole((*messages, Message("user", (Summary("", place),)), *before))
        if _fits(size, model):
            return place
        too_large = size
    raise _impossible(too_large, wanted, model)


def _fits(size: Counted, model: Model) -> bool:
    most = most_input(model.card)
    return most is None or size.tokens + size.error_bar + model.longest <= most


def _impossible(size: Counted | None, wanted: Wanted, model: Model) -> AgentctlError:
    name = model.card.name
    if size is not None:
        return ContextOverflowError(
            f"no summary makes it fit {name}: what is asked now has {size_of(size)} by itself",
            hint="make the message shorter, or ask a model that takes more",
        )
    if wanted.fit:
        return ContextOverflowError(
            f"it does not fit {name}, and nothing before it could be summarised: one message alone is too long",
            hint="make the message shorter, or ask a model that takes more",
        )
    return UsageError(
        f"there is nothing to summarise before the last {wanted.keep} turns",
        hint="keep fewer turns with --keep",
    )


def _rounds(texts: int, model: Model, wanted: Wanted) -> list[int]:
    """How many calls each round takes at most, the first with so many texts."""
    room = free(model, wanted.instructions)
    rounds = [texts]
    while rounds[-1] > 1 and room is not None and len(rounds) <= _MOST_ROUNDS:
        held = room // (model.longest + SPARE)
        rounds.append(ceil(rounds[-1] / held) if held > 1 else rounds[-1])
    if sum(rounds) > _MOST_CALLS or len(rounds) > _MOST_ROUNDS:
        raise ContextOverflowError(
            f"it is too long to be summarised by {model.card.name}: that would take more than {_MOST_CALLS} calls",
            hint="summarise it with a model that takes more: -m PROVIDER/MODEL",
        )
    return rounds


def _cost(tokens: int, rounds: Sequence[int], model: Model) -> Decimal | None:
    """What the calls are likely to cost."""
    output = min(_TYPICAL, model.longest)
    asked = sum(rounds) * model.count(about("", None)).tokens
    between = sum(rounds[:-1]) * output
    return price(Usage(uncached_input=tokens + asked + between, output=sum(rounds) * output), model.card)
