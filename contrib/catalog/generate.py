"""Writes the catalog's data files from the genai-prices package and what lies beside this file.

    python contrib/catalog/generate.py [DIRECTORY]

DIRECTORY is agentctl/economy/data unless told. The same inputs always give the same bytes. `sources.json` pins
genai-prices, `litellm.json` is what litellm.py took from litellm's map, and PROVIDER.json has what we know ourselves,
each fact with its source. For newer prices install a newer genai-prices, write its version and release date into
sources.json, and run this again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices.data import providers
from genai_prices.types import Provider
from rows import Known, ceilings, row

HERE = Path(__file__).parent
ROWS = {"prices", "ceilings"}
DATA = HERE.parent.parent / "agentctl" / "economy" / "data"


def main() -> None:
    """Write the data file of every provider that genai-prices knows."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    sources, litellm = read("sources"), read("litellm")
    pinned = sources["genai-prices"]
    if version("genai-prices") != pinned["version"]:
        sys.exit(f"genai-prices {version('genai-prices')} is installed, but sources.json wants {pinned['version']}")
    for provider in providers:
        name = sources["names"].get(provider.id, provider.id)
        known = Known(
            source=f"genai-prices {pinned['version']}",
            date=pinned["date"],
            ours=read(name),
            theirs=litellm["providers"].get(name, {}),
            theirs_source=f"litellm {litellm['version']}",
            theirs_date=litellm["date"],
        )
        (target / f"{name}.json").write_text(render(catalog(provider, known, sources["names"])))


def read(name: str) -> dict[str, Any]:
    """Return a document that lies beside this file, an empty one if it does not."""
    path = HERE / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def catalog(provider: Provider, known: Known, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the tables of a provider: rows of prices in the order in which they match, and rows of ceilings."""
    every = known.ours.get("modes", {}) | known.ours.get("modes_of_unlisted", {})
    tables = {
        "routing": known.ours.get("routing", []),
        "fallback": [names.get(one, one) for one in provider.fallback_model_providers or ()],
        "modes": {mode: told["times"] for mode, told in every.items()},
    }
    return {name: table for name, table in tables.items() if table} | {
        "prices": [row(model, known) for model in provider.models],
        "ceilings": [*known.ours.get("ceilings", []), *ceilings(provider, known)],
    }


def render(tables: Mapping[str, Any]) -> str:
    """Return the JSON document with a line for each row, so that a change of price is a change of one line."""
    parts = (
        f'"{name}": ' + ("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]" if name in ROWS else json.dumps(rows))
        for name, rows in tables.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
