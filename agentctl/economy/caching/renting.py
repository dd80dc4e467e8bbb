"""Whether a cache that is made on purpose and billed by the hour pays: Gemini's `cachedContents`. Pure.

Source: https://ai.google.dev/gemini-api/docs/caching, /pricing: what is put in costs its input price once, each use of
it the price of a read, and keeping it a price for a million tokens and an hour. What Gemini keeps of itself for a few
minutes costs nothing and is read at the same price, so only what it would have forgotten is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agentctl.breakpoints import SECONDS, Rules
from agentctl.economy.caching.shape import Shape, ends
from agentctl.economy.prices import Prices

_MILLION = Decimal(10**6)
_HOUR = 3600
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Rental:
    """A cache worth making.

    Args:
        covered: how many messages go into it, with the tools and all system messages.
        tokens: of all that.
        seconds: how long to keep it, which is as long as the conversation is expected to go on.
        saving: the dollars that it is expected to save in that time, all costs taken off.
    """

    covered: int
    tokens: int
    seconds: int
    saving: Decimal


def rental(
    shape: Shape,
    rules: Rules,
    prices: Prices,
    storage: Decimal | None,
    *,
    least: int | None = None,
    gaps: Sequence[float] = (),
) -> Rental | None:
    """Return the cache that is worth making for a conversation, None if none is or a price is unknown.

    A conversation is expected to go on for as many requests as it had, and as fast.

    Args:
        shape: of the request at hand; its last message stays out of the cache, for a request needs one.
        rules: of the API's cache.
        prices: of the model, for this many tokens.
        storage: dollars for a million tokens and an hour.
        least: the fewest tokens that can be kept; None takes those of the rules.
        gaps: in seconds, between the requests of the conversation.
    """
    if not (rules.rents and gaps) or storage is None or prices.input is None or prices.cache_read is None:
        return None
    covered, tokens = _covered(shape, rules)
    if tokens < (rules.least if least is None else least):
        return None
    seconds = max(_MINUTE, round(sum(gaps) / _MINUTE) * _MINUTE)
    saved = (prices.input - prices.cache_read) * _forgotten(gaps, rules)
    spent = prices.input + storage * seconds / _HOUR
    saving = (saved - spent) * tokens / _MILLION
    return Rental(covered, tokens, seconds, saving) if saving > 0 else None


def _covered(shape: Shape, rules: Rules) -> tuple[int, int]:
    """The messages that go into a cache, and the tokens with tools and system: what is stable, but for the last."""
    last = len(shape.messages) - 1
    inside = [end for end in ends(shape, rules) if end.after < last]
    spoken = [end for end in inside if end.role != "system"]
    return (spoken[-1].after + 1 if spoken else 0), (inside[-1].tokens if inside else 0)


def _forgotten(gaps: Sequence[float], rules: Rules) -> int:
    """How many of the requests to come will find that what Gemini keeps of itself is gone."""
    return sum(gap > (SECONDS[rules.short] if rules.short else 0) for gap in gaps)
