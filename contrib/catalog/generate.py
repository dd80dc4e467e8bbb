"""Writes the catalog's data files from the genai-prices package and our own ceilings beside this file.

    python contrib/catalog/generate.py [DIRECTORY]

DIRECTORY is agentctl/economy/data unless told. The same inputs always give the same bytes. For newer prices install
a newer genai-prices, write its version and release date into openai.json here, and run this again.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
)

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "agentctl" / "economy" / "data"
# Their names and ours. Fees per search, which they also hold, are no price of tokens.
BUCKETS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_short",
}
FEES = {"web_searches_kcount", "storage_searches_kcount"}
DATED = re.compile(r"\^(?P<name>[^*+?()\[\]]+)-\\d\{4\}-\\d\{2\}-\\d\{2\}\$")


def main() -> None:
    """Write the data file of every provider that has a file here."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    for source in sorted(HERE.glob("*.json")):
        tables = catalog(source.stem, json.loads(source.read_text()))
        (target / source.name).write_text(render(tables))


def render(tables: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return the JSON document with a line for each row, so that a change of price is a change of one line."""
    parts = (f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in tables.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def catalog(provider: str, ours: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of a provider: rows of prices in the order in which they match, and rows of ceilings."""
    pinned = ours["genai_prices"]
    if version("genai-prices") != pinned["version"]:
        sys.exit(f"genai-prices {version('genai-prices')} is installed, but {provider}.json wants {pinned['version']}")
    origin = {"source": f"genai-prices {pinned['version']}", "date": pinned["date"]}
    models = next(one.models for one in providers if one.id == provider)
    rows = [row(model, ours["left_out"]) | origin for model in models if is_chat(model, ours["left_out"])]
    return {"prices": rows, "ceilings": ours["ceilings"]}


def is_chat(model: ModelInfo, left_out: Mapping[str, str]) -> bool:
    """Whether text tokens in and out are all that the model's prices depend on."""
    if any(fnmatch(model.id, pattern) for pattern in left_out):
        return False
    named = [set(stored(prices)) for _, prices in history(model)]
    return all({"input_mtok", "output_mtok"} <= keys <= BUCKETS.keys() | FEES for keys in named)


def row(model: ModelInfo, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Return a model's row: its names and its price lists, oldest first."""
    names: dict[str, list[str]] = {}
    for rule, text in rules(model.match):
        if not any(fnmatch(text, pattern) for pattern in left_out):
            names.setdefault(rule, []).append(text)
    lists: list[dict[str, Any]] = [{"since": since, "tiers": tiers(prices)} for since, prices in history(model)]
    if lists != sorted(lists, key=lambda one: one["since"]):
        sys.exit(f"the price lists of {model.id} do not follow each other in time")
    return {"id": model.id, **names, "lists": lists}


def rules(match: MatchLogic) -> Iterator[tuple[str, str]]:
    """Yield the rules of which any makes a name match."""
    match match:
        case ClauseOr(clauses):
            for clause in clauses:
                yield from rules(clause)
        case ClauseEquals(text):
            yield "equals", text
        case ClauseStartsWith(text):
            yield "starts_with", text
        case ClauseRegex(pattern) if found := DATED.fullmatch(pattern):
            yield "dated", found["name"].replace("\\", "")
        case _:
            raise NotImplementedError(f"the catalog knows no rule like {match}")


def history(model: ModelInfo) -> Iterator[tuple[str, ModelPrice]]:
    """Yield the day from which each price list holds, empty for always, and its prices."""
    listed = [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices
    for one in listed:
        match one.constraint:
            case None:
                yield "", one.prices
            case StartDateConstraint(day):
                yield day.isoformat(), one.prices
            case _:
                raise NotImplementedError(f"the catalog knows no condition like {one.constraint}")


def stored(prices: ModelPrice) -> dict[str, Any]:
    """Return the prices that are set."""
    return {key: value for key, value in vars(prices).items() if value is not None}


def tiers(prices: ModelPrice) -> list[dict[str, Any]]:
    """Return the prices of each tier of total input, base first.

    A cache price that they lack is the price of input, but where writes have a price, those that live long have
    another, which they do not know.
    """
    known = {BUCKETS[key]: value for key, value in stored(prices).items() if key in BUCKETS}
    starts = {tier.start for value in known.values() if isinstance(value, TieredPrices) for tier in value.tiers}
    unknown = {"cache_write_long": None} if "cache_write_short" in known else {}
    return [
        {
            "above": above,
            **{bucket: at(known[bucket], above) for bucket in BUCKETS.values() if bucket in known},
            **unknown,
        }
        for above in sorted({0} | starts)
    ]


def at(price: Any, above: int) -> str:
    """Return the price, as a decimal string, of calls with more than `above` tokens of input."""
    if isinstance(price, TieredPrices):
        price = [price.base, *(tier.price for tier in price.tiers if tier.start <= above)][-1]
    return f"{price:f}"


if __name__ == "__main__":
    main()
