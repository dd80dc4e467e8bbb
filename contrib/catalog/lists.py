"""The price lists of a model in genai-prices, as rows of the catalog have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

# Their names and ours.
TOKENS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_short",
    "cache_write_1h_mtok": "cache_write_long",
    "input_audio_mtok": "audio_input",
    "input_image_mtok": "image_input",
    "input_video_mtok": "video_input",
    "cache_audio_read_mtok": "audio_read",
    "cache_image_read_mtok": "image_read",
    "output_audio_mtok": "audio_output",
    "output_image_mtok": "image_output",
    "output_video_mtok": "video_output",
    "output_reasoning_mtok": "reasoning",
    "output_citation_mtok": "citations",
}
FEES = {"web_searches_kcount": "web_searches", "requests_kcount": "request"}
# Billed only to who uses a tool that no usage of ours counts.
TOOLS = {"storage_searches_kcount", "social_searches_kcount", "code_executions_kcount"}
MODES = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("speed", "fast"): "fast",
}


def history(model: ModelInfo) -> list[ConditionalPrice]:
    """Return the price lists of calls that are served the usual way."""
    return [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices


def stored(prices: ModelPrice) -> dict[str, Any]:
    """Return the prices that are set."""
    return {key: value for key, value in vars(prices).items() if value is not None}


def is_counted(model: ModelInfo) -> bool:
    """Whether all that the model is billed for can be told from what a call used."""
    keys = [set(stored(one.prices)) for one in history(model)]
    return all(keys) and all(one <= TOKENS.keys() | FEES.keys() | TOOLS for one in keys)


def lists(model: ModelInfo) -> list[dict[str, Any]]:
    """Return the lists of a model: the usual ones as they began, then those of each mode."""
    usual = [price_list(one) for one in history(model)]
    dated = [one["since"] for one in usual if "hours" not in one]
    if dated != sorted(dated):
        raise NotImplementedError(f"the price lists of {model.id} do not follow each other in time")
    found: dict[str, list[PriceVariant]] = {}
    for variant in model.price_variants or ():
        if mode := MODES.get(next(iter(variant.when.items()))):
            found.setdefault(mode, []).append(variant)
    return usual + [one for mode, variants in found.items() for one in served(mode, variants, model)]


def price_list(one: ConditionalPrice) -> dict[str, Any]:
    """Return a list of calls that are served the usual way."""
    match one.constraint:
        case None:
            when: dict[str, Any] = {"since": ""}
        case StartDateConstraint(day):
            when = {"since": day.isoformat()}
        case TimeOfDateConstraint(start, end):
            when = {"since": "", "hours": [minute(start), minute(end)]}
        case _:
            raise NotImplementedError(f"the catalog knows no condition like {one.constraint}")
    return when | body(stored(one.prices))


def minute(moment: time) -> int:
    """Return the minute of a UTC day."""
    return moment.hour * 60 + moment.minute


def served(mode: str, variants: list[PriceVariant], model: ModelInfo) -> Iterator[dict[str, Any]]:
    """Yield the lists of a mode: its own prices over the usual ones of its day.

    A variant begins on the day it was looked up. It holds from the day on from which the usual prices were what they
    were then, for vendors state the prices of their modes as parts of the usual ones.
    """
    changes = [since(one.constraint) for one in history(model) if not isinstance(one.constraint, TimeOfDateConstraint)]
    starts = sorted(((since(one.constraint), one) for one in variants), key=lambda start: start[0])
    for begin, end in pairwise([*changes, "9999"]):
        here = [(start, one) for start, one in starts if begin <= start < end]
        if not here and any(start < begin for start, _ in starts):
            raise NotImplementedError(f"{model.id} has a new price, and none for {mode}")
        usual = next(one for one in history(model) if since(one.constraint) == begin)
        for number, (start, one) in enumerate(here):
            prices = stored(usual.prices) | stored(one.prices)
            yield {"since": start if number else begin, "mode": mode} | body(prices)


def since(constraint: object) -> str:
    """Return the day on which a list begins, empty for always."""
    return constraint.start_date.isoformat() if isinstance(constraint, StartDateConstraint) else ""


def body(prices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tiers and the fees of a list."""
    fees = {FEES[key]: f"{(value / 1000).normalize():f}" for key, value in prices.items() if key in FEES}
    return {"tiers": tiers(prices)} | ({"fees": fees} if fees else {})


def tiers(prices: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the prices of each tier of total input, base first.

    A cache price that they lack is the price of input, but where writes have a price, those that live long have
    another, which they do not always know. No other price has a stand-in.
    """
    known = {TOKENS[key]: value for key, value in prices.items() if key in TOKENS}
    starts = {tier.start for value in known.values() if isinstance(value, TieredPrices) for tier in value.tiers}
    unknown = dict.fromkeys({"input", "output"} - known.keys())
    if "cache_write_short" in known and "cache_write_long" not in known:
        unknown["cache_write_long"] = None
    return [
        {"above": above}
        | {name: at(known[name], above) for name in TOKENS.values() if name in known}
        | {name: unknown[name] for name in sorted(unknown)}
        for above in sorted({0} | starts)
    ]


def at(price: Decimal | TieredPrices, above: int) -> str:
    """Return the price, as a decimal string, of calls with more than `above` tokens of input."""
    if isinstance(price, TieredPrices):
        price = [price.base, *(tier.price for tier in price.tiers if tier.start <= above)][-1]
    return f"{price:f}"
