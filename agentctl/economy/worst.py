"""The most that a call can cost: what a budget reserves before it is sent. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product

from agentctl.economy.prices import PARTS
from agentctl.economy.pricing import Priced, price
from agentctl.messages import Attachment, Message
from agentctl.usage import Detail, Usage

USUAL_OUTPUT = 32_000
"""Tokens that a call may answer with under a budget, where nobody wishes another limit and the model can do more."""

_SAFE_OUTPUT = 8_192  # tokens, where it is not known what the model can
_INPUTS = ("uncached_input", "cache_write_short", "cache_write_long", "cache_read")
_MEDIA: dict[str, Detail] = {
    "image": "image_input",
    "audio": "audio_input",
    "video": "video_input",
    "application/pdf": "image_input",  # a page is a picture too
}
_HOUR = 3_600_000_000  # µs


def media_of(messages: Iterable[Message]) -> tuple[Detail, ...]:
    """What there is in messages beside text, of kinds that may have a price of their own."""
    files = (part for message in messages for part in message.parts if isinstance(part, Attachment))
    kinds = (_MEDIA.get(file.media_type, _MEDIA.get(file.media_type.partition("/")[0])) for file in files)
    return tuple(dict.fromkeys(kind for kind in kinds if kind is not None))


def longest_answer(max_output: int | None, output_ceiling: int | None) -> int:
    """Return how many tokens a call may answer with at most under a budget.

    Args:
        max_output: as many as are wished for; None without a wish.
        output_ceiling: as many as the model can; None if that is not known.
    """
    if max_output is not None:
        return max_output
    return _SAFE_OUTPUT if output_ceiling is None else min(output_ceiling, USUAL_OUTPUT)


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
