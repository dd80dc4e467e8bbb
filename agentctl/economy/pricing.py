"""What a call costs: exact dollars from disjoint buckets of tokens, and the integer form the ledger keeps.

Nothing here rounds but `to_pico`, once a call. The reasons stand in docs/adr/0002-money.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Protocol

from agentctl.usage import Usage

_MOST = Decimal(2**63 - 1).scaleb(-12)  # dollars that the ledger's integers hold: 9.2 M

# No sum of prices times tokens needs half of these digits; one that ever does raises, and is not rounded.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens of each bucket; `input` is the price of uncached input. None is unknown."""

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None
    cache_write_short: Decimal | None
    cache_write_long: Decimal | None


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices of all tokens of a call, output included, whose total input is strictly above `above` tokens."""

    above: int
    prices: Prices


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a model costs from the UTC day `since` on (`YYYY-MM-DD`, empty for always); `tiers` ascend, base first."""

    since: str
    tiers: tuple[Tier, ...]


class Priced(Protocol):
    """Something with a history of prices, oldest first; None where they are unknown."""

    @property
    def prices(self) -> tuple[PriceList, ...] | None:
        """The price lists."""
        ...


def price(usage: Usage, card: Priced, at: int | None = None) -> Decimal | None:
    """Return what a call cost in dollars, exactly, or None if a price that it needs is unknown or beyond all reason.

    Args:
        usage: the call's tokens.
        card: the model's prices.
        at: when the call was made, in epoch µs; now if None. A list that starts later does not apply, unless all do.
    """
    if card.prices is None:
        return None
    total = Decimal(0)
    try:
        for tokens, rate in _lines(usage, prices_at(card.prices, usage.input, at)):
            if rate is None:
                return None
            total = _EXACT.fma(rate, tokens, total)
        dollars = _EXACT.scaleb(total, -6)
    except DecimalException:  # the user's own prices can be of any size
        return None
    return dollars if is_storable(dollars) else None


def prices_at(history: tuple[PriceList, ...], total_input: int, at: int | None = None) -> Prices:
    """Return the prices of a call with `total_input` tokens, cached or not, made at epoch µs `at` (now if None)."""
    day = time.strftime("%Y-%m-%d", time.gmtime(None if at is None else at // 1_000_000))
    tiers = next((one.tiers for one in reversed(history) if one.since <= day), history[0].tiers)
    return next((tier.prices for tier in reversed(tiers) if total_input > tier.above), tiers[0].prices)


def _lines(usage: Usage, prices: Prices) -> Iterator[tuple[int, Decimal | None]]:
    """Pair the tokens of each bucket that has any with its price."""
    lines = (
        (usage.uncached_input, prices.input),
        (usage.cache_read, prices.cache_read),
        (usage.cache_write_short, prices.cache_write_short),
        (usage.cache_write_long, prices.cache_write_long),
        (usage.output, prices.output),
    )
    return (line for line in lines if line[0])


def is_storable(dollars: Decimal) -> bool:
    """Whether the ledger, which has 64 bits for the pico-dollars of a call, can hold this cost."""
    return dollars.is_finite() and dollars.copy_abs() <= _MOST


def to_pico(dollars: Decimal) -> int:
    """Round dollars half to even to whole pico-dollars (1e-12 $), as the ledger keeps them."""
    return int(_EXACT.scaleb(dollars, 12).to_integral_value(ROUND_HALF_EVEN))


def from_pico(pico: int) -> Decimal:
    """Return pico-dollars in dollars, exactly."""
    return _EXACT.scaleb(Decimal(pico), -12)


def format_usd(dollars: Decimal) -> str:
    """Return dollars as a plain decimal number: exact, no exponent, no trailing zeros (`0.0033475`)."""
    return f"{_EXACT.normalize(dollars):f}"
