"""What reading from a cache and writing to it cost, as multiples of the price of uncached input. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.economy.prices import Prices


@dataclass(frozen=True, slots=True)
class Multiples:
    """The price of a token that is read, of one that is written for a short time, and of one for a long time."""

    read: float
    short: float
    long: float


USUAL = Multiples(0.1, 1.25, 2.0)
"""What most of Anthropic's models cost: for planning alone, where nobody knows the prices."""


def multiples(prices: Prices) -> Multiples:
    """Return the multiples of a model's prices; the usual ones if those are unknown, or input is free.

    If the price of long writes alone is unknown, as behind routers, none is cheap enough.
    """
    kept = (prices.cache_read, prices.cache_write_short, prices.cache_write_long)
    read, short, long = (None if one is None or not prices.input else float(one / prices.input) for one in kept)
    return USUAL if read is None or short is None else Multiples(read, short, float("inf") if long is None else long)


def break_even(write: float, read: float) -> float:
    """Return how often a beginning has to be used, the first time included, for keeping it to cost less than not.

    k uses cost w + (k - 1) r if it is kept and k if it is not, so k > (w - r) / (1 - r). Where reading costs what input
    does, no number is enough.
    """
    return (write - read) / (1 - read) if read < 1 else float("inf")
