"""What tokens cost: price lists that hold from a day on, in hours of the day, for a way of being served. Pure.

The reasons stand in docs/adr/0002-money.md and docs/adr/0006-prices-beyond-tokens.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from agentctl.usage import Usage

Mode = Literal["standard", "batch", "flex", "priority", "other", "fast"]
"""How a call is served: one of the service tiers, or sped up (Anthropic's `speed: fast`)."""


PARTS = {
    "input": ("audio_input", "image_input", "video_input"),
    "cache_read": ("audio_read", "image_read"),
    "output": ("audio_output", "image_output", "video_output", "citations", "reasoning"),
}
"""The parts of a bucket that may have a price of their own. They do not overlap: what is both is the first of them."""


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens of each bucket; `input` is the price of uncached input. None is unknown.

    `details` has those of the parts of a bucket that cost something else, such as `audio_input`.
    """

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None
    cache_write_short: Decimal | None
    cache_write_long: Decimal | None
    details: Mapping[str, Decimal] = field(default_factory=dict)


UNKNOWN = Prices(None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices of all tokens of a call, output included, whose total input is strictly above `above` tokens."""

    above: int
    prices: Prices


@dataclass(frozen=True, slots=True)
class Hours:
    """The part of a UTC day from minute `start` to before minute `end`, over midnight if that is less."""

    start: int
    end: int
    weekdays: bool = False  # Monday to Friday alone

    def hold(self, moment: time.struct_time) -> bool:
        """Whether a moment is in them."""
        minute = moment.tm_hour * 60 + moment.tm_min
        if self.weekdays and moment.tm_wday > 4:  # noqa: PLR2004 - Monday is 0
            return False
        if self.end < self.start:
            return minute >= self.start or minute < self.end
        return self.start <= minute < self.end


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a model costs from the UTC day `since` on (`YYYY-MM-DD`, empty for always); `tiers` ascend, base first.

    Args:
        mode: the way of being served that it is for.
        hours: the hours of the day in which it holds, if not in all.
        fees: dollars per `request`, per search of the web (`web_searches`), per million tokens and hour in a cache
            that is kept on demand (`cache_storage`).
        regions: what all prices of tokens are multiplied by where a call is served in a region with a surcharge.
    """

    since: str
    tiers: tuple[Tier, ...]
    mode: Mode = "standard"
    hours: Hours | None = None
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    regions: Mapping[str, Decimal] = field(default_factory=dict)

    def tier(self, total_input: int) -> Tier:
        """Return the tier of a call with so many tokens of input, cached or not."""
        return next((tier for tier in reversed(self.tiers) if total_input > tier.above), self.tiers[0])


def list_at(history: Iterable[PriceList], mode: Mode = "standard", at: int | None = None) -> PriceList | None:
    """Return the price list of a call, None if there is none for this way of being served.

    Args:
        history: a model's lists, of which the last that holds counts. Where none had begun, the first standard one
            does; what a service tier cost before it is known is unknown.
        mode: how the call is served.
        at: when it was made, in epoch µs; now if None.
    """
    moment = time.gmtime(None if at is None else at // 1_000_000)
    day = f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}"
    lists = [one for one in history if one.mode == mode]
    for one in reversed(lists):
        if one.since <= day and (one.hours is None or one.hours.hold(moment)):
            return one
    return next((one for one in lists if one.mode == "standard"), None)


def prices_at(history: Iterable[PriceList], total_input: int, at: int | None = None, mode: Mode = "standard") -> Prices:
    """Return the prices of a call with `total_input` tokens, cached or not, made at epoch µs `at` (now if None)."""
    found = list_at(history, mode, at)
    return found.tier(total_input).prices if found else UNKNOWN


def mode_of(usage: Usage) -> Mode | None:
    """Return how a call was served; None for two ways at once, which nobody offers."""
    served: Mode = usage.service_tier or "standard"
    if usage.speed != "fast":
        return served
    return "fast" if served == "standard" else None
