"""What an attempt is charged for: whose prices count, and the sum over the attempts of a call."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog, ModelCard
from agentctl.economy.money import EXACT, from_pico
from agentctl.usage import Usage

_PRICES = frozenset({"input", "output", "cache_read", "cache_write_short", "cache_write_long"})


def billed_card(catalog: Catalog, asked: ModelCard, answered: str | None) -> ModelCard:
    """Return the card whose prices count where the model that was asked let another one answer.

    A router (`openrouter/auto`, a list of fallbacks) bills the model that it chose. That is the one that answered if
    its prices are known; a name that nobody knows, like a server's own for its only model, is no reason to lose the
    price of the one that was asked. Nor is the bare name of a variant (`deepseek-r1` for `deepseek-r1:free`), and what
    the user says of the asked model's price holds for whoever answers in its name.

    Args:
        catalog: what models cost.
        asked: the model that was asked.
        answered: the name that the one that answered gives itself, if it gave one.
    """
    provider, _, model = asked.name.partition("/")
    if answered is None or answered == model.partition(":")[0]:
        return asked
    card = catalog.find(f"{provider}/{answered}")
    theirs = _PRICES.intersection(card.overridden)
    return asked if card.prices is None or (_PRICES.intersection(asked.overridden) and not theirs) else card


@dataclass(frozen=True, slots=True)
class Bill:
    """What the attempts of a call used and cost together, in dollars.

    `computed` is None if the cost of one is unknown; `reported` is None unless the provider reported the cost of each.
    `cost` is what was charged: each attempt's reported cost where there is one, else the computed one.
    """

    usage: Usage
    computed: Decimal | None
    reported: Decimal | None
    cost: Decimal | None

    def __add__(self, other: Bill) -> Bill:
        return Bill(
            self.usage + other.usage,
            _sum(self.computed, other.computed),
            _sum(self.reported, other.reported),
            _sum(self.cost, other.cost),
        )


def bill(usage: Usage, computed: Decimal | None) -> Bill:
    """The bill for one attempt, in the whole pico-dollars that the ledger keeps."""
    computed, reported = _booked(computed), _booked(usage.reported)
    return Bill(usage, computed, reported, computed if reported is None else reported)


def _booked(dollars: Decimal | None) -> Decimal | None:
    return None if (pico := ledger.stored(dollars)) is None else from_pico(pico)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else EXACT.add(one, other)
