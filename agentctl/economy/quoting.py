"""What a call is going to cost: at least, likely, and at most. Pure.

At least: the fewest tokens that the input can have, read from a cache if one can hold it, and no answer. Likely: what
calls of this model used so far, or what is typical of its kind. At most: what a budget has to reserve (`worst`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from agentctl.economy.cards import ModelCard
from agentctl.economy.preflight import Counted, fit, judge, most_input
from agentctl.economy.prices import prices_at
from agentctl.economy.pricing import price
from agentctl.economy.totals import Total
from agentctl.economy.worst import longest_answer, worst
from agentctl.errors import ContextOverflowError
from agentctl.usage import Detail, Usage

_ANSWER = 400
"""Tokens of a typical answer: about the mean over what OpenRouter routed (https://openrouter.ai/state-of-ai, 2025)."""

_THOUGHTS = 1_200
"""Tokens that a model which can think spends on that beside its answer, when nobody asked for much or little."""

_LONG = 32_768
"""The most tokens that models without thoughts can answer with: those that can do more think first."""


class Bounded(Counted, Protocol):
    """The tokens of an input that is in no case more than `bound` tokens; `how` tells people how they were counted."""

    @property
    def bound(self) -> int:
        """The most tokens that it can be."""
        ...

    @property
    def how(self) -> str:
        """How they were counted."""
        ...


@dataclass(frozen=True, slots=True)
class Costs:
    """Dollars; None is unknown."""

    low: Decimal | None = None
    likely: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What would become of a request to a model.

    Args:
        card: the model.
        count: the tokens of its input.
        fits: whether it would be sent; None if no ceiling is known that could forbid it.
        costs: what it would cost, also if it may not fit; nothing of one that surely does not.
        refusal: the error of one that does not fit.
        notes: what the user should know of it.
    """

    card: ModelCard
    count: Bounded
    fits: bool | None
    costs: Costs
    refusal: ContextOverflowError | None = None
    notes: tuple[str, ...] = ()


def quote(
    count: Bounded,
    card: ModelCard,
    habit: Total,
    *,
    wished: int | None = None,
    media: tuple[Detail, ...] = (),
    readable: int | None = None,
    candidates: Callable[[], Iterable[ModelCard]] = tuple,
) -> Quote:
    """Return what would become of a request; the arguments are those of `fit` and `costs`."""
    note = caching(count, card, readable)
    try:
        found = fit(count, card, wished, candidates)
    except ContextOverflowError as error:
        cost = Costs()
        if judge(count, card) == "uncertain":  # the provider's own count may let it through
            longest = longest_answer(wished, card.max_output)
            cost = costs(count, card, longest, habit, media=media, readable=readable)
        return Quote(card, count, fits=False, costs=cost, refusal=error, notes=note)
    most = longest_answer(found.max_output, found.output_ceiling)
    known = None if most_input(card) is None else True
    return Quote(
        card, count, known, costs(count, card, most, habit, media=media, readable=readable), notes=(*found.notes, *note)
    )


def caching(count: Bounded, card: ModelCard, readable: int | None = None) -> tuple[str, ...]:
    """What a cache makes of such an input; nothing where the prices of the model do not tell."""
    prices = prices_at(card.prices or (), count.tokens)
    if not prices.input or prices.cache_read is None or prices.cache_read >= prices.input:
        return ()
    if not can_cache(count.tokens, card):
        return (f"too short for a cache, which takes {card.cache_min:,} tokens or more",)
    written = prices.cache_write_short
    parts = [f"reading it costs {_percent(prices.cache_read, prices.input)} of its price"]
    if written is not None and written > prices.input:
        parts.append(f"writing it {_percent(written, prices.input)}")
    if readable:
        parts.append(f"up to {min(readable, count.tokens):,} tokens of it may be there already")
    return (f"a cache may hold it: {', '.join(parts)}",)


def costs(
    count: Bounded,
    card: ModelCard,
    longest: int,
    habit: Total,
    *,
    media: tuple[Detail, ...] = (),
    readable: int | None = None,
    at: int | None = None,
) -> Costs:
    """Return what a call costs.

    Args:
        count: the tokens of its input.
        card: the model.
        longest: the most tokens that the answer can have.
        habit: what calls of this model used so far; of no calls it says nothing.
        media: what the input has beside text.
        readable: the tokens that a cache may have of it; None if nothing is planned, and all of it may be there.
        at: when it is sent, in epoch µs; now if None.
    """
    high = worst(count.bound, longest, card, media=media, at=at)[1]
    usual = price(likely(count, card, longest, habit), card, at)
    least = _least(count, card, readable, at)
    return Costs(low=least if least is None or usual is None else min(least, usual), likely=usual, high=high)


def likely(count: Bounded, card: ModelCard, longest: int, habit: Total) -> Usage:
    """The use of a model that its calls so far, or those of its kind, make likely."""
    output = habit.output // habit.calls if habit.calls else typical_output(card)
    usage = Usage(uncached_input=count.tokens, output=min(output, longest))
    if not habit.input or not can_cache(count.tokens, card):
        return usage
    cached = {
        bucket: count.tokens * getattr(habit, bucket) // habit.input
        for bucket in ("cache_read", "cache_write_short", "cache_write_long")
    }
    return replace(usage, uncached_input=count.tokens - sum(cached.values()), **cached)


def typical_output(card: ModelCard) -> int:
    """The tokens of a typical answer of a model of this kind."""
    return _ANSWER + (_THOUGHTS if (card.max_output or 0) > _LONG else 0)


def can_cache(tokens: int, card: ModelCard) -> bool:
    """Whether an input may be read from a cache: it is not too short for it, as far as is known."""
    return tokens >= (card.cache_min or 0)


def _least(count: Bounded, card: ModelCard, readable: int | None, at: int | None) -> Decimal | None:
    fewest = max(0, count.tokens - count.error_bar)
    plain = price(Usage(uncached_input=fewest), card, at)
    if plain is None or not can_cache(count.tokens + count.error_bar, card):
        return plain
    found = fewest if readable is None else min(readable, fewest)
    read = price(Usage(uncached_input=fewest - found, cache_read=found), card, at)
    return plain if read is None else min(plain, read)


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{float(part / whole) * 100:.3g} %"
