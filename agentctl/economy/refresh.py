"""What a provider lists of its models now, as a table for the catalog, and how it differs from what was known. Pure."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from time import strptime
from typing import Any, Protocol

from agentctl.economy.cards import BUCKETS, ModelCard, Row
from agentctl.economy.catalog import Catalog
from agentctl.economy.prices import PriceList, Prices, Tier, list_at

_LISTED = ("max_input", "max_output", "window")


class ListedTier(Protocol):
    """Dollars a million tokens, by bucket, of calls with more than `above` tokens of input."""

    @property
    def above(self) -> int:
        """The threshold."""
        ...

    @property
    def prices(self) -> Mapping[str, Decimal]:
        """The prices that are told."""
        ...


class Listed(Protocol):
    """A model as its provider lists it; ceilings in tokens, None where it does not say."""

    @property
    def name(self) -> str:
        """Its name at the provider."""
        ...

    @property
    def max_input(self) -> int | None:
        """The most input of a call."""
        ...

    @property
    def max_output(self) -> int | None:
        """The most output of a call."""
        ...

    @property
    def window(self) -> int | None:
        """The size of the context window."""
        ...

    @property
    def tiers(self) -> Sequence[ListedTier]:
        """The prices, if they are listed."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What is other than it was of one model; `was` is None for what was not known, `now` for what is gone."""

    model: str
    what: str
    was: Decimal | int | None
    now: Decimal | int | None


def fold(
    catalog: Catalog, provider: str, listed: Iterable[Listed], *, before: Row, day: str, source: str
) -> tuple[Row, list[Change]]:
    """Return the table of what a provider lists, in the form of the catalog's data, and the changes.

    What is not listed any more keeps its last rows, of their own date, so that what it was asked for can be priced.

    Args:
        catalog: what is known so far, without the user's own settings.
        provider: whose models they are.
        listed: what it lists.
        before: the table of the last time, empty if there is none.
        day: today in UTC, `YYYY-MM-DD`: a price that changed holds from it on, and calls before it keep theirs.
        source: where the list is from.
    """
    names: list[str] = []
    prices: list[Row] = []
    ceilings: list[Row] = []
    changes: list[Change] = []
    origin = {"source": source, "date": day}
    for model in listed:
        name = model.name.lower()
        card = catalog.find(f"{provider}/{model.name}")
        names.append(model.name)
        limits = {one: value for one in _LISTED if (value := getattr(model, one)) is not None}
        changes += _limit_changes(card, limits)
        if limits:
            ceilings.append({"models": [name], **limits, **origin})
        if model.tiers:
            history, repriced = _history(card, model.tiers, day)
            changes += repriced
            prices.append({"id": model.name, "equals": [name], "lists": [_dump(one) for one in history], **origin})
    there = set(names)
    changes += [Change(f"{provider}/{one}", "listed", 1, None) for one in before.get("names", ()) if one not in there]
    prices += _left(before.get("prices", ()), prices, "equals")
    ceilings += _left(before.get("ceilings", ()), ceilings, "models")
    return {"names": names, "prices": prices, "ceilings": ceilings}, changes


def _left(before: Iterable[Row], now: Iterable[Row], key: str) -> list[Row]:
    """Return the rows from before of whom there is none now; `key` is where a row has the name that it is for."""
    told = {name for row in now for name in row[key]}
    return [row for row in before if told.isdisjoint(row[key])]


def _limit_changes(card: ModelCard, limits: Mapping[str, int]) -> Iterator[Change]:
    for what, now in limits.items():
        if (was := getattr(card, what)) != now:
            yield Change(card.name, what, was, now)


def _history(card: ModelCard, tiers: Sequence[ListedTier], day: str) -> tuple[list[PriceList], list[Change]]:
    """Return the price lists of a model with the listed prices at their end, if these differ from those of today."""
    history = list(card.prices or ())
    usual = list_at(history, at=timegm(strptime(day, "%Y-%m-%d")) * 1_000_000)
    if usual is None:
        fresh = PriceList("", tuple(Tier(tier.above, _prices(tier, None)) for tier in tiers))
        return [fresh], list(_price_changes(card.name, None, fresh))
    made = tuple(Tier(tier.above, _prices(tier, usual.tier(tier.above + 1).prices)) for tier in tiers)
    fresh = replace(usual, since=day, hours=None, tiers=made)
    if fresh.tiers == usual.tiers:
        return history, []
    kept = [one for one in history if (one.mode, one.hours, one.since) != (fresh.mode, fresh.hours, day)]
    place = next((number for number, one in enumerate(kept) if one.hours), len(kept))  # those of some hours come last
    return [*kept[:place], fresh, *kept[place:]], list(_price_changes(card.name, usual, fresh))


def _prices(tier: ListedTier, known: Prices | None) -> Prices:
    """Return the prices that are listed; one that is not listed is as it was while the price of input is."""
    told = tier.prices
    if known is not None and known.input == told["input"]:
        same: dict[str, Any] = {bucket: told[bucket] for bucket in BUCKETS if bucket in told}
        return replace(known, **same)
    filled: dict[str, Any] = {bucket: told.get(bucket, told["input"]) for bucket in BUCKETS}
    return Prices(**filled, details=known.details if known else {})


def _price_changes(name: str, was: PriceList | None, now: PriceList) -> Iterator[Change]:
    for tier in now.tiers:
        before = was.tier(tier.above + 1).prices if was else None
        above = f" above {tier.above:,}" if tier.above else ""
        for bucket in BUCKETS:
            old, new = getattr(before, bucket, None), getattr(tier.prices, bucket)
            if old != new:
                yield Change(name, f"{bucket}{above}", old, new)


def _dump(one: PriceList) -> Row:
    """Return a price list as the catalog's data have it; see `cards.card`."""
    row: dict[str, Any] = {"since": one.since, "tiers": [_dump_tier(tier) for tier in one.tiers]}
    if one.mode != "standard":
        row["mode"] = one.mode
    if one.hours:
        row["hours"] = [getattr(one.hours, field.name) for field in fields(one.hours)]
    return row | {name: table for name in ("fees", "regions") if (table := _texts(getattr(one, name)))}


def _dump_tier(tier: Tier) -> Row:
    prices = {bucket: getattr(tier.prices, bucket) for bucket in BUCKETS}
    texts = {bucket: None if price is None else f"{price:f}" for bucket, price in prices.items()}
    return {"above": tier.above, **texts, **_texts(tier.prices.details)}


def _texts(prices: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: f"{price:f}" for name, price in prices.items()}
