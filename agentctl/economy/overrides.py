"""What the user's settings say of a model, which wins over the catalog. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal, DecimalException
from typing import Any

from agentctl.economy.cards import BUCKETS, ModelCard
from agentctl.economy.money import EXACT
from agentctl.economy.prices import PARTS, UNKNOWN, Mode, PriceList, Prices, Tier
from agentctl.settings import ModelOverride


def override(card: ModelCard, told: ModelOverride, modes: Mapping[Mode, str]) -> ModelCard:
    """Return the card as the user's settings have it.

    A price is that of a call served the usual way, on every day, in every tier, and of every part of its bucket. A
    service tier keeps the discount or the surcharge that it has in the catalog; a model without a price there gets
    those that its provider gives on all.

    Args:
        card: what the catalog knows.
        told: what the settings say.
        modes: by way of being served, what the provider multiplies all prices by.
    """
    known = {field.name: value for field in fields(told) if (value := getattr(told, field.name)) is not None}
    prices = {bucket: known[bucket] for bucket in BUCKETS if bucket in known}
    if "input" in prices:
        # The catalog's cache prices go with the catalog's price of input.
        prices = dict.fromkeys(BUCKETS[2:], prices["input"]) | prices
    ceilings = {name: value for name, value in known.items() if name not in BUCKETS}
    history = card.prices
    if prices:
        history = _reprice(card.prices, prices) if card.prices else _unlisted(prices, modes)
    return replace(card, prices=history, overridden=tuple(known), **ceilings)


def _unlisted(prices: Mapping[str, Any], modes: Mapping[Mode, str]) -> tuple[PriceList, ...]:
    """Return the lists of a model of which only the settings know prices."""
    lists = [PriceList("", (Tier(0, replace(UNKNOWN, **prices)),))]
    for mode, factor in modes.items():
        part: dict[str, Any] = {bucket: EXACT.multiply(price, Decimal(factor)) for bucket, price in prices.items()}
        lists.append(PriceList("", (Tier(0, replace(UNKNOWN, **part)),), mode))
    return tuple(lists)


def _reprice(history: Sequence[PriceList], prices: Mapping[str, Any]) -> tuple[PriceList, ...]:
    return tuple(
        replace(one, tiers=tuple(Tier(tier.above, _repriced(tier, one, history, prices)) for tier in one.tiers))
        for one in history
    )


def _repriced(tier: Tier, one: PriceList, history: Sequence[PriceList], prices: Mapping[str, Any]) -> Prices:
    priced = {part for bucket in prices for part in PARTS.get(bucket, ())}
    details = {part: price for part, price in tier.prices.details.items() if part not in priced}
    if one.mode == "standard":
        return replace(tier.prices, **prices, details=details)
    usual = _usual(history, one.since).tier(tier.above + 1).prices
    changed: dict[str, Any] = {
        bucket: _in_proportion(price, getattr(tier.prices, bucket), getattr(usual, bucket))
        for bucket, price in prices.items()
    }
    return replace(tier.prices, **changed, details=details)


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
