"""A model's card as output shows it: what it costs, and how much it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from agentctl.economy.cards import CEILINGS, ModelCard
from agentctl.economy.money import format_usd
from agentctl.economy.prices import UNKNOWN, Hours, PriceList, Prices, list_at, prices_at

COLUMNS = ("input", "cache_read", "cache_write_short", "cache_write_long", "output")
HEADINGS = ("served", "from", "above", "input", "read", "written", "kept long", "output")
SUMMARY = ("model", "input", "cached", "output", "window", "max output", "source")
_FEES = {
    "request": "each request",
    "web_searches": "each search of the web",
    "cache_storage": "a million tokens kept in a cache for an hour",
}


def document(card: ModelCard) -> dict[str, Any]:
    """The model as JSON output has it; prices are decimal strings in $ per million tokens."""
    return {
        "name": card.name,
        "prices": None if card.prices is None else [_price_list(one) for one in card.prices],
        "price_version": card.version,
        "source": card.source,
        "date": card.date,
        **{ceiling: getattr(card, ceiling) for ceiling in CEILINGS},
        "ceilings_source": card.ceilings_source,
        "ceilings_date": card.ceilings_date,
        "overridden": list(card.overridden),
        "weights": asdict(card.weights) if card.weights else None,
    }


def _price_list(one: PriceList) -> dict[str, Any]:
    return {
        "since": one.since or None,
        "served": one.mode,
        "hours": _span(one.hours) if one.hours else None,
        "tiers": [{"input_above": tier.above, **_prices(tier.prices)} for tier in one.tiers],
        "fees": _exact(one.fees),
        "regions": _exact(one.regions),
    }


def _prices(prices: Prices) -> dict[str, Any]:
    found = {name: getattr(prices, name) for name in COLUMNS}
    known = {name: None if price is None else format_usd(price) for name, price in found.items()}
    return {**known, "details": _exact(prices.details)}


def _exact(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: format_usd(amount) for name, amount in amounts.items()}


def _span(hours: Hours) -> dict[str, Any]:
    return {"start": _clock(hours.start), "end": _clock(hours.end), "weekdays": hours.weekdays}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def summary(card: ModelCard) -> tuple[str, ...]:
    """A model as a line of the list, with the prices of today's small calls."""
    prices = prices_at(card.prices, 0) if card.prices else UNKNOWN
    source = (card.source or "").partition(";")[0]  # what comes after it said of less usual calls
    sources = (*((source,) if source else ()), *(("your configuration",) if card.overridden else ()))
    amounts = map(_amount, (prices.input, prices.cache_read, prices.output))
    return (card.name, *amounts, _tokens(card.window), _tokens(card.max_output), ", ".join(sources))


def facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    """What is known of a model besides its prices, a line each."""
    for name in ("window", "max_input", "max_output"):
        mark = " (your configuration)" if name in card.overridden else ""
        yield name.replace("_", " "), f"{_tokens(getattr(card, name))}{mark}"
    if card.cache_min:
        yield "cached from", f"{_tokens(card.cache_min)} tokens on"
    if card.ceilings_source:
        yield "source of ceilings", f"{card.ceilings_source} ({card.ceilings_date})"
    if card.source:
        yield "source of prices", f"{card.source} ({card.date})"
    if ours := [name.replace("_", " ") for name in card.overridden if name in COLUMNS]:
        yield "your configuration's prices", ", ".join(ours)
    if card.weights:
        yield "weights", f"{card.weights.file}, {card.weights.size:,} bytes, {card.weights.licence}"
    if card.prices and (today := list_at(card.prices)):
        yield from _beside_tokens(today)
        yield "prices", "$ per million tokens, of calls whose whole input is above so many tokens"


def _beside_tokens(today: PriceList) -> Iterator[tuple[str, str]]:
    """What else is billed now, or in another way."""
    for part, price in today.tier(0).prices.details.items():
        yield part.replace("_", " "), f"{format_usd(price)} $ per million tokens"
    for fee, words in _FEES.items():
        if fee in today.fees:
            yield words, f"${format_usd(today.fees[fee])}"
    for region, factor in today.regions.items():
        yield f"tokens in {region}", f"{format_usd(factor)} times the price"


def tiers(history: Iterable[PriceList]) -> Iterator[tuple[str, ...]]:
    """A line for each tier of each price list."""
    for one in history:
        for tier in one.tiers:
            amounts = (_amount(getattr(tier.prices, name)) for name in COLUMNS)
            yield (one.mode, _when(one), f"{tier.above:,}", *amounts)


def _when(one: PriceList) -> str:
    since = one.since or "always"
    if one.hours is None:
        return since
    days = ", Monday to Friday" if one.hours.weekdays else ""
    return f"{since}, {_clock(one.hours.start)} to {_clock(one.hours.end)} UTC{days}"


def _amount(price: Decimal | None) -> str:
    return "unknown" if price is None else format_usd(price)


def _tokens(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"
