"""What a call costs: exact dollars from what it used, line by line.

Nothing here rounds. The reasons stand in docs/adr/0002-money.md and docs/adr/0006-prices-beyond-tokens.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Protocol

from agentctl.economy.money import EXACT, is_storable
from agentctl.economy.prices import PARTS, Mode, PriceList, Prices, list_at, mode_of
from agentctl.usage import Usage


class Priced(Protocol):
    """Something with a history of prices, oldest first; None where they are unknown."""

    @property
    def prices(self) -> tuple[PriceList, ...] | None:
        """The price lists."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is billed: `count` of it at `rate` dollars a million, or each if it is a fee. None is unknown."""

    name: str
    count: int
    rate: Decimal | None
    fee: bool = False

    @property
    def cost(self) -> Decimal | None:
        """Dollars, exactly; None if the rate is unknown, unless there is nothing to bill.

        Raises:
            DecimalException: they have more digits than anything that costs money.
        """
        if not self.count:
            return Decimal(0)
        if self.rate is None:
            return None
        whole = EXACT.multiply(self.rate, Decimal(self.count))
        return whole if self.fee else EXACT.scaleb(whole, -6)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call is billed for, each bucket among it, by the prices of `mode` for an input above `above` tokens."""

    lines: tuple[Line, ...]
    mode: Mode | None
    above: int = 0

    @property
    def total(self) -> Decimal | None:
        """Dollars, exactly; None if a price that is needed is unknown, or if they are beyond all reason."""
        total = Decimal(0)
        try:
            for line in self.lines:
                if (cost := line.cost) is None:
                    return None
                total = EXACT.add(total, cost)
        except DecimalException:  # the user's own prices can be of any size
            return None
        return total if is_storable(total) else None


def price(usage: Usage, card: Priced, at: int | None = None) -> Decimal | None:
    """Return what a call cost in dollars, exactly, or None if a price that it needs is unknown or beyond all reason.

    Args:
        usage: what the call used.
        card: the model's prices.
        at: when the call was made, in epoch µs; now if None. A list that starts later does not apply, unless all do.
    """
    made = bill(usage, card, at)
    return made.total if made else None


def bill(usage: Usage, card: Priced, at: int | None = None) -> Bill | None:
    """Return all that a call is billed for, as `price` sums it; None if nothing is known of the model's prices."""
    if card.prices is None:
        return None
    mode = mode_of(usage)
    found = list_at(card.prices, mode, at) if mode else None
    if found is None:
        return Bill(tuple(Line(name, count, None) for name, count in usage.buckets().items()), mode)
    tier = found.tier(usage.input)
    surcharge = found.regions.get(usage.region or "", Decimal(1))
    tokens = (
        Line(name, count, rate if rate is None or surcharge == 1 else EXACT.multiply(rate, surcharge))
        for name, count, rate in _tokens(usage, tier.prices)
    )
    return Bill((*tokens, *_fees(usage, found)), mode, tier.above)


def storage(tokens: int, hours: Decimal, card: Priced, at: int | None = None) -> Decimal | None:
    """Return what it costs in dollars to keep `tokens` in a cache for `hours`, None if that is unknown.

    Only Gemini's explicit caches are billed so: https://ai.google.dev/gemini-api/docs/caching.
    """
    found = list_at(card.prices or (), at=at)
    rate = found.fees.get("cache_storage") if found else None
    return None if rate is None else EXACT.multiply(EXACT.scaleb(EXACT.multiply(rate, Decimal(tokens)), -6), hours)


def _tokens(usage: Usage, prices: Prices) -> Iterator[tuple[str, int, Decimal | None]]:
    """Yield each bucket with its price, after the parts of it that have another."""
    counts = usage.buckets()
    for bucket, name in zip(("input", *list(counts)[1:]), counts, strict=True):
        rest = counts[name]
        for part in PARTS.get(bucket, ()):
            # What is read of a kind whose reads have no price is billed like the rest of that kind.
            rate = prices.details.get(part, prices.details.get(part.replace("_read", "_input")))
            if rate is not None and (count := min(usage.details.get(part, 0), rest)):  # type: ignore[call-overload]
                yield part, count, rate
                rest -= count
        yield name, rest, getattr(prices, bucket)


def _fees(usage: Usage, found: PriceList) -> Iterator[Line]:
    """Yield what is billed by the piece."""
    if (fee := found.fees.get("request")) is not None:
        yield Line("request", 1, fee, fee=True)
    if searches := usage.details.get("web_searches"):
        yield Line("web_searches", searches, found.fees.get("web_searches"), fee=True)
