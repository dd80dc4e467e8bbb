"""The most that a call can cost: what a budget reserves before it is sent. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product

from agentctl.economy.prices import PARTS
from agentctl.economy.pricing import Priced, price
from agentctl.usage import Detail, Usage

_INPUTS = ("uncached_input", "cache_write_short", "cache_write_long", "cache_read")
_HOUR = 3_600_000_000  # µs


def worst(
    input_bound: int, output: int, card: Priced, *, media: Sequence[Detail] = (), at: int | None = None
) -> tuple[Usage, Decimal | None]:
    """Return the dearest use of a model within these bounds, and its dollars; None if its price is unknown.

    All input counts as what costs most: plain, or written to a cache or read from it, of a kind in `media`, in any tier
    that it can end up in; the output likewise. A bucket of unknown price is none that a plan chooses. A call that is
    answered within an hour may be charged by the prices of then, which may be those of peak hours. What an account adds
    to all prices, as for a region or a priority tier, can't be seen from here.

    Args:
        input_bound: the most tokens of input that the call can have.
        output: the most tokens of output.
        card: the model's prices.
        media: what there may be in the input beside text, such as `image_input`.
        at: when it is sent, in epoch µs; now if None.
    """
    start = time.time_ns() // 1000 if at is None else at
    found, most = Usage(uncached_input=input_bound, output=output), Decimal(-1)
    for moment in (start, start + _HOUR):
        if price(Usage(uncached_input=input_bound, output=output), card, moment) is None:
            return found, None
        for usage in _usages(input_bound, output, card, media):
            if (cost := price(usage, card, moment)) is not None and cost > most:
                found, most = usage, cost
    return found, most


def _usages(input_bound: int, output: int, card: Priced, media: Sequence[Detail]) -> Iterator[Usage]:
    """Yield what the call may use at most, the plainest first."""
    tiers = [tier for one in card.prices or () for tier in one.tiers]
    sizes = sorted({input_bound, *(tier.above for tier in tiers if 0 < tier.above < input_bound)}, reverse=True)
    kinds = [part for part in PARTS["output"] if any(part in tier.prices.details for tier in tiers)]
    for size, bucket, medium, kind in product(sizes, _INPUTS, (None, *media), (None, *kinds)):
        details = {part: count for part, count in ((medium, size), (kind, output)) if part}
        yield Usage(**{bucket: size}, output=output, details=details)  # type: ignore[arg-type]
