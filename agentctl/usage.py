"""What a call used: tokens in disjoint buckets, and what else is billed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import add
from typing import Any, Literal

UsageStatus = Literal["final", "partial", "estimated"]
ServiceTier = Literal["standard", "batch", "flex", "priority", "other"]
Detail = Literal[
    "reasoning", "citations",  # of output
    "audio_input", "image_input", "video_input",  # of uncached_input
    "audio_read", "image_read",  # of cache_read
    "audio_output", "image_output", "video_output",  # of output
    "web_searches",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call in disjoint buckets: each token counts once.

    `cache_write_short` lives 5 to 30 minutes, `cache_write_long` an hour and more; `output` includes reasoning. `raw`
    is the provider's own usage object, kept as it came.

    Args:
        details: the tokens of a bucket that may have a price of their own, and counts of what is billed beside tokens.
        service_tier: how the call was served, and hence billed; None if the provider did not say, "other" for what has
            no list of prices, as capacity that was bought before.
        region: where it was served, if that has a price ("us"); None if the provider did not say.
        speed: "fast" if the provider says that it sped the answer up for a price.
        reported: the dollars that the provider says it charged.
        served_by: who served it behind a router, by the router's name for that provider.
        diagnosis: what the provider says of why its cache was not read, in its own words; None if it said nothing.
    """

    uncached_input: int = 0
    cache_read: int = 0
    cache_write_short: int = 0
    cache_write_long: int = 0
    output: int = 0
    raw: Mapping[str, Any] | None = None
    details: Mapping[Detail, int] = field(default_factory=dict)
    service_tier: ServiceTier | None = None
    region: str | None = None
    speed: str | None = None
    reported: Decimal | None = None
    served_by: str | None = None
    diagnosis: str | None = None

    @property
    def input(self) -> int:
        """All input tokens, cached or not."""
        return self.uncached_input + self.cache_read + self.cache_write_short + self.cache_write_long

    def __add__(self, other: Usage) -> Usage:
        """The tokens of both; what else is told of one call is not of two."""
        return Usage(*map(add, self.buckets().values(), other.buckets().values()))

    def buckets(self) -> dict[str, int]:
        """The buckets by name, as JSON output and the ledger give them."""
        return {
            "uncached_input": self.uncached_input,
            "cache_read": self.cache_read,
            "cache_write_short": self.cache_write_short,
            "cache_write_long": self.cache_write_long,
            "output": self.output,
        }


def dump_usage(usage: Usage) -> str:
    """Return all of it as one line of ASCII JSON."""
    return json.dumps(
        {
            **usage.buckets(),
            "raw": dump_raw(usage),
            "details": dict(usage.details),
            "service_tier": usage.service_tier,
            "region": usage.region,
            "speed": usage.speed,
            "reported": None if usage.reported is None else str(usage.reported),
            "served_by": usage.served_by,
            "diagnosis": usage.diagnosis,
        },
        separators=(",", ":"),
    )


def load_usage(text: str) -> Usage:
    """Read `dump_usage`'s form back."""
    fields = json.loads(text)
    usage = Usage(**fields | {"raw": None, "reported": fields["reported"] and Decimal(fields["reported"])})
    with suppress(RecursionError):  # a stack that is fuller than the writer's was
        return replace(usage, raw=fields["raw"] and json.loads(fields["raw"]))
    return usage


def dump_raw(usage: Usage) -> str | None:
    """The provider's own words as JSON; they are dropped if they nest too deep for that."""
    try:
        return None if usage.raw is None else json.dumps(dict(usage.raw))
    except RecursionError:
        return None
