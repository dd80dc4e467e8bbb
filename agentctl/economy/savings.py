"""What a cache changed about the cost of a call, by the prices of that call: exact dollars. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from agentctl.economy.money import EXACT
from agentctl.economy.pricing import Priced, price
from agentctl.usage import Detail, Usage

_MOVED: dict[Detail, Detail] = {"audio_read": "audio_input", "image_read": "image_input"}


@dataclass(frozen=True, slots=True)
class Effect:
    """Dollars that caching saved, below 0 if it cost more, and what of that writing cost; None is unknown."""

    saved: Decimal | None
    writing: Decimal | None


def effect(usage: Usage, card: Priced, at: int | None = None) -> Effect:
    """Compare a call with itself, all its input uncached; arguments as of `pricing.price`."""
    cost = price(usage, card, at)
    unwritten = replace(
        usage,
        uncached_input=usage.uncached_input + usage.cache_write_short + usage.cache_write_long,
        cache_write_short=0,
        cache_write_long=0,
    )
    return Effect(_less(price(uncached(usage), card, at), cost), _less(cost, price(unwritten, card, at)))


def uncached(usage: Usage) -> Usage:
    """Return the same call, had it been made without a cache."""
    details: dict[Detail, int] = {}
    for name, count in usage.details.items():
        kind = _MOVED.get(name, name)
        details[kind] = details.get(kind, 0) + count
    return replace(
        usage,
        uncached_input=usage.input,
        cache_read=0,
        cache_write_short=0,
        cache_write_long=0,
        details=details,
    )


def missed(usage: Usage, tokens: int, card: Priced, at: int | None = None) -> Decimal | None:
    """Return the dollars that reading so many more tokens from the cache would have saved; None is unknown.

    Those that were written once more are the first of them, for what is read need not be written.
    """
    short = min(tokens, usage.cache_write_short)
    long = min(tokens - short, usage.cache_write_long)
    plain = min(tokens - short - long, usage.uncached_input)
    read = replace(
        usage,
        uncached_input=usage.uncached_input - plain,
        cache_read=usage.cache_read + short + long + plain,
        cache_write_short=usage.cache_write_short - short,
        cache_write_long=usage.cache_write_long - long,
    )
    return _less(price(usage, card, at), price(read, card, at))


def _less(more: Decimal | None, less: Decimal | None) -> Decimal | None:
    return None if more is None or less is None else EXACT.subtract(more, less)
