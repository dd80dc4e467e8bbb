"""What a call used: tokens in disjoint buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

UsageStatus = Literal["final", "partial", "estimated"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call in disjoint buckets: each token counts once.

    `cache_write_short` lives 5 to 30 minutes, `cache_write_long` an hour and more; `output` includes reasoning. `raw`
    is the provider's own usage object, kept as it came.
    """

    uncached_input: int = 0
    cache_read: int = 0
    cache_write_short: int = 0
    cache_write_long: int = 0
    output: int = 0
    raw: Mapping[str, Any] | None = None

    @property
    def input(self) -> int:
        """All input tokens, cached or not."""
        return self.uncached_input + self.cache_read + self.cache_write_short + self.cache_write_long

    def buckets(self) -> dict[str, int]:
        """The buckets by name, as JSON output and the ledger give them."""
        return {
            "uncached_input": self.uncached_input,
            "cache_read": self.cache_read,
            "cache_write_short": self.cache_write_short,
            "cache_write_long": self.cache_write_long,
            "output": self.output,
        }
