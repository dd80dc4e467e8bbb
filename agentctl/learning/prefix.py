"""What of a conversation the provider that answered last has in its cache: what it costs to go to another one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agentctl.breakpoints import SECONDS
from agentctl.choosing import Situation
from agentctl.context import as_sent
from agentctl.economy import ledger, tokens
from agentctl.economy.pricing import price
from agentctl.providers.base import Caching
from agentctl.target import Target
from agentctl.usage import Usage

_UNKNOWN_LIFE = 300  # seconds that a cache is taken to keep, where its provider does not say
_LEAST = 1_024  # tokens of a beginning that is kept, where that is not known


@dataclass(frozen=True, slots=True)
class Prefix:
    """What is cached: `tokens` of input, by `model`; None and 0 for nothing."""

    model: str | None = None
    tokens: int = 0

    def usage(self, model: str, size: int, output: int) -> Usage:
        """What a turn of `size` tokens is expected to use with a model."""
        read = min(self.tokens, size) if model == self.model else 0
        return Usage(uncached_input=size - read, cache_read=read, output=output)


def prefix_of(situation: Situation, target: Target | None) -> Prefix:
    """What the model that answered last, which is `target`, can read from its cache.

    It is nothing where too much time has gone by, where too little was said, or where reading is no cheaper.
    """
    if target is None or situation.asked_at is None or not isinstance(target.provider, Caching):
        return Prefix()
    from agentctl.providers.caching import rules  # noqa: PLC0415 - a first turn has nothing cached

    known = rules(target.provider.capabilities, target.model)
    life = SECONDS[known.short] if known.short else _UNKNOWN_LIFE
    size = tokens.estimate(as_sent(situation.said))
    warm = ledger.now() - situation.asked_at < life * 1_000_000
    if not warm or size < (target.card.cache_min or known.least or _LEAST):
        return Prefix()
    return Prefix(target.name, size) if _saved(size, target) > 0 else Prefix()


def _saved(size: int, target: Target) -> Decimal:
    """What reading costs less than sending, in dollars."""
    whole, read = (price(usage, target.card) for usage in (Usage(uncached_input=size), Usage(cache_read=size)))
    return Decimal(0) if whole is None or read is None else whole - read
