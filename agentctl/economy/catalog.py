"""What is known of each model: its prices and ceilings, and the weights of those that run here.

The data lie in `data/`, a file per provider, each row with its source and date; contrib/catalog/generate.py makes
those of remote providers. What was refreshed from the providers comes before them, and the user's settings win.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from agentctl.economy.cards import CEILINGS, ModelCard, Row, Weights, card
from agentctl.economy.match import Names, dashed, fits, stem
from agentctl.economy.overrides import override
from agentctl.settings import ModelOverride

__all__ = ["Catalog", "ModelCard", "Weights"]

_DATA = Path(__file__).parent / "data"
_ANY = "*"  # the id of a row for whatever model a provider has


class Catalog:
    """All models that the package's data, a refresh or the user's settings know something of.

    Args:
        overrides: what the user's settings say, by the name of the model.
        refreshed: what the providers said since, by provider, in the form of the data files. A row of prices replaces
            that of the same model; so does each ceiling.
    """

    def __init__(
        self,
        overrides: Mapping[str, ModelOverride] | None = None,
        refreshed: Mapping[str, Row] | None = None,
    ) -> None:
        self._overrides = overrides or {}
        self._refreshed = {} if refreshed is None else refreshed  # to ask whether it is empty would be to read it all
        self._names = cache(self._names_of)
        self._limits = cache(self._limits_of)

    def find(self, name: str) -> ModelCard:
        """Return what is known of the model `name`; of an unknown one its name alone.

        A snapshot (`openai/gpt-4o-2024-08-06`) has what its model has, unless it has a row or a setting of its own. So
        has a name with a routing suffix (`openrouter/openai/gpt-5:nitro`).
        """
        provider, _, model = name.partition("/")
        base = _unrouted(package(provider), model)
        prices = self._prices(provider, base.lower())
        weights = package(provider).get("weights", {}).get(model)
        names = (base.lower(), stem(dashed(base.lower())), str(prices.get("id", "")).lower())
        found = card(name, prices, self._ceilings(provider, names), weights)
        told = (name, f"{provider}/{base}", f"{provider}/{prices.get('id', base)}")
        wins = next((self._overrides[one] for one in told if one in self._overrides), None)
        return override(found, wins, package(provider).get("modes", {})) if wins else found

    def listing(self, providers: Iterable[str] | None = None) -> list[ModelCard]:
        """Return the models of all providers or of these, by name, without their snapshots."""
        wanted = {*_providers(), *self._refreshed} if providers is None else {*providers}
        known = [f"{one}/{row['id']}" for one in wanted for row in self._names(one) if _is_model(row)]
        ours = [name for name in self._overrides if providers is None or name.partition("/")[0] in wanted]
        return [self.find(name) for name in sorted({*known, *ours})]

    def _tables(self, provider: str) -> tuple[Row, Row]:
        """What is known of a provider's models, the newest first."""
        return self._refreshed.get(provider, {}), package(provider)

    def _names_of(self, provider: str) -> Names:
        return Names(row for table in self._tables(provider) for row in table.get("prices", ()))

    def _limits_of(self, provider: str) -> tuple[Mapping[str, Row], ...]:
        """The ceilings by the names of models, of each table."""
        tables = (table.get("ceilings", ()) for table in self._tables(provider))
        return tuple({name: row for row in rows for name in row["models"]} for rows in tables)

    def _prices(self, provider: str, model: str) -> Row:
        others: Sequence[str] = package(provider).get("fallback", ())  # whose models it serves at their prices
        found = (self._names(one).find(model) for one in (provider, *others))
        return next((row for row in found if row), {})

    def _ceilings(self, provider: str, names: Sequence[str]) -> Row:
        """Return the ceilings of a model, each from the newest source that has it."""
        rows = (next((named[one] for one in names if one in named), {}) for named in self._limits(provider))
        found = [row for row in rows if row]
        used = [row for row in found if row is found[0] or any(one in row and one not in found[0] for one in CEILINGS)]
        ceilings: dict[str, object] = {}
        for row in reversed(used):
            ceilings |= row
        return ceilings | {"source": "; ".join(row["source"] for row in used)} if used else ceilings


@cache
def package(provider: str) -> Row:
    """Return the package's data of a provider, empty if there are none."""
    path = _providers().get(provider)
    tables: Row = json.loads(path.read_bytes()) if path else {}
    return tables


@cache
def _providers() -> Mapping[str, Path]:
    """Return the data file of each provider that has one."""
    return {path.stem: path for path in _DATA.glob("*.json")}


def _unrouted(data: Row, model: str) -> str:
    """Return a model's name without the suffixes that only choose who serves it."""
    routes = tuple(data.get("routing", ()))
    while routes and model.lower().endswith(routes):
        model = model.rpartition(":")[0]
    return model


def _is_model(row: Row) -> bool:
    return bool(row["lists"]) and row["id"] != _ANY and fits(row, row["id"].lower())
