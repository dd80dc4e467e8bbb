"""What the user's settings say of a model, which wins over the catalog. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal, DecimalException
from typing import Any

from agentctl.economy.cards import BUCKETS, ModelCard
from agentctl.economy.money import EXACT
from agentctl.economy.prices import UNKNOWN, PriceList, Prices, Tier
from agentctl.settings import ModelOverride

_UNKNOWN = (PriceList("", (Tier(0, UNKNOWN),)),)


def override(card: ModelCard, told: ModelOverride) -> ModelCard:
    """Return the card as the user's settings have it.

    A price is that of a call served the usual way, on every day and in every tier. A service tier keeps the discount or
    the surcharge that it has in the catalog.
    """
    known = {field.name: value for field in fields(told) if (value := getattr(told, field.name)) is not None}
    prices = {bucket: known[bucket] for bucket in BUCKETS if bucket in known}
    if "input" in prices:
        # The catalog's cache prices go with the catalog's price of input.
        prices = dict.fromkeys(BUCKETS[2:], prices["input"]) | prices
    ceilings = {name: value for name, value in known.items() if name not in BUCKETS}
    history = _reprice(card.prices or _UNKNOWN, prices) if prices else card.prices
    return replace(card, prices=history, overridden=tuple(known), **ceilings)


def _reprice(history: Sequence[PriceList], prices: Mapping[str, Any]) -> tuple[PriceList, ...]:
    return tuple(
        replace(one, tiers=tuple(Tier(tier.above, _repriced(tier, one, history, prices)) for tier in one.tiers))
        for one in history
    )


def _repriced(tier: Tier, one: PriceList, history: Sequence[PriceList], prices: Mapping[str, Any]) -> Prices:
    if one.mode == "standard":
        return replace(tier.prices, **prices)
    usual = _usual(history, one.since).tier(tier.above + 1).prices
    changed: dict[str, Any] = {
        bucket: _in_proportion(price, getattr(tier.prices, bucket), getattr(usual, bucket))
        for bucket, price in prices.items()
    }
    return replace(tier.prices, **changed)


def _usual(history: Sequence[PriceList], since: str) -> PriceList:
    """Return the standard list that held on a day."""
    lists = [one for one in history if one.mode == "standard" and one.hours is None]
    return next((one for one in reversed(lists) if one.since <= since), lists[0])


def _in_proportion(price: Decimal, part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return what is to `price` as `part` to `whole`; None where that is no decimal number."""
    if part is None or whole is None:
        return None
    try:
        return EXACT.divide(EXACT.multiply(price, part), whole)
    except DecimalException:
        return None
