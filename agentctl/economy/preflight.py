"""Whether a request fits its model, and how long the answer may be: asked before anything is sent. Pure.

    input ≤ max_input    output ≤ max_output    input + output ≤ window

The input counts with its error bar, so that what fits here fits there. A wish for a longer answer than fits is cut
down; an input that leaves room for no answer is an error. A ceiling that nobody knows stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from agentctl.economy.cards import ModelCard
from agentctl.economy.prices import prices_at
from agentctl.errors import ContextOverflowError

Verdict = Literal["fits", "uncertain", "too large", "unknown"]

_USUAL = 16_000
"""Tokens of input that hardly a model does not take: of those in the catalog whose ceilings are known, 5 in 100."""


class Counted(Protocol):
    """The tokens of a request's input, give or take `error_bar`, which is 0 where `exact`."""

    @property
    def tokens(self) -> int:
        """The tokens."""
        ...

    @property
    def error_bar(self) -> int:
        """By how much they may be off."""
        ...

    @property
    def exact(self) -> bool:
        """Whether they are counted as the provider counts them."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """A number of tokens that is not to be doubted: the provider's own, or one that is never too low."""

    tokens: int
    error_bar: int = 0
    exact: bool = True
    how: str = "the provider"

    @property
    def bound(self) -> int:
        """The most that it can be."""
        return self.tokens


@dataclass(frozen=True, slots=True)
class Fit:
    """How long an answer may be.

    Args:
        max_output: the most tokens that the user wished for, as far as they fit; None without a wish.
        output_ceiling: the most that the model can answer with here; None if that is not known.
        notes: what the user should know of it.
    """

    max_output: int | None
    output_ceiling: int | None
    notes: tuple[str, ...] = ()


def judge(count: Counted, card: ModelCard) -> Verdict:
    """Say whether an input fits a model with room for an answer.

    It is `uncertain` where the ceiling lies within the error bar: then the provider's own count decides.
    """
    most = most_input(card)
    if most is None:
        return "unknown"
    if count.tokens + count.error_bar <= most:
        return "fits"
    return "too large" if count.tokens - count.error_bar > most else "uncertain"


def most_input(card: ModelCard) -> int | None:
    """The most tokens of input that a model takes and still has room to answer; None if that is not known."""
    known = [size for size in (card.max_input, card.window and card.window - 1) if size is not None]
    return min(known, default=None)


def fit(
    count: Counted,
    card: ModelCard,
    wished: int | None = None,
    candidates: Callable[[], Iterable[ModelCard]] = tuple,
) -> Fit:
    """Return how long the answer to a request may be.

    Args:
        count: the tokens of its input.
        card: the model.
        wished: the most tokens that the user wishes for, if any.
        candidates: other models, of which one that it fits may be told; asked only if it does not fit this one.

    Raises:
        ContextOverflowError: the input is too large, or may be.
    """
    verdict = judge(count, card)
    if verdict in {"too large", "uncertain"}:
        raise overflow(count, card, candidates)
    room = None if card.window is None else card.window - count.tokens - count.error_bar
    ceiling = min((size for size in (card.max_output, room) if size is not None), default=None)
    notes = []
    if verdict == "unknown" and count.tokens + count.error_bar > _USUAL:
        notes.append(f"it is not known whether {card.name} takes {size_of(count)}")
    if wished is None or ceiling is None or wished <= ceiling:
        return Fit(wished, ceiling, tuple(notes))
    why = (
        "that is all it can write" if ceiling == card.max_output else f"the rest of its {card.window:,} is the prompt's"
    )
    notes.append(f"{card.name} may answer with {ceiling:,} tokens, not {wished:,}: {why}")
    return Fit(ceiling, ceiling, tuple(notes))


def overflow(
    count: Counted, card: ModelCard, candidates: Callable[[], Iterable[ModelCard]] = tuple
) -> ContextOverflowError:
    """The error that says how much too large an input is for a model of known ceilings, and what would make it fit."""
    most = most_input(card) or 0
    excess = count.tokens + count.error_bar - most
    is_sure = judge(count, card) == "too large"
    what = f"are {excess:,} too many" if is_sure or not count.error_bar else f"may be {excess:,} too many"
    hint = f"leave out {excess:,} tokens"
    if (other := nearest(candidates(), count, card)) is not None:
        hint += f", or ask {other.name}, which takes {most_input(other):,}"
    error = ContextOverflowError(f"{card.name} takes {most:,} tokens of input: {size_of(count)} {what}", hint=hint)
    error.sizes = (count.tokens + count.error_bar, most)
    return error


def nearest(candidates: Iterable[ModelCard], count: Counted, card: ModelCard) -> ModelCard | None:
    """The model of the same provider that an input fits and that costs most nearly the same; None without one."""
    provider, price = card.name.partition("/")[0], _price(card)
    others = [
        (abs(cost - (price or Decimal(0))), one.name, one)
        for one in candidates
        if one.name.partition("/")[0] == provider and judge(count, one) == "fits" and (cost := _price(one)) is not None
    ]
    return min(others, key=lambda other: other[:2])[2] if others else None


def size_of(count: Counted) -> str:
    """The size of an input in words: `1,234 tokens`, `1,234 ± 56 tokens`."""
    return f"{count.tokens:,} ± {count.error_bar:,} tokens" if count.error_bar else f"{count.tokens:,} tokens"


def _price(card: ModelCard) -> Decimal | None:
    return prices_at(card.prices or (), 0).input
