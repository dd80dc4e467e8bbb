"""The catalog's ceilings beside those of litellm's map: each difference has a cause that has a name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog

THEIRS = Path(__file__).parents[2] / "contrib" / "catalog" / "litellm.json"
DOCUMENTS = ("https://", "models.dev", "Vercel")


class Difference(NamedTuple):
    """A ceiling `name` of which litellm says something else than the card; `listed` if the catalog names the model."""

    name: str
    ours: int | None
    theirs: Mapping[str, Any]
    card: ModelCard
    listed: bool


def differences() -> Iterator[Difference]:
    """Yield all differences over the models that both know."""
    catalog = Catalog()
    named = {card.name.lower() for card in catalog.listing()}
    for provider, models in json.loads(THEIRS.read_text())["providers"].items():
        for model, theirs in models.items():
            card = catalog.find(f"{provider}/{model}")
            for name in ("max_input", "max_output", "cache_min"):
                ours = getattr(card, name) or (card.window if name == "max_input" else None)
                if card.prices is not None and name in theirs and ours != theirs[name]:
                    yield Difference(name, ours, theirs, card, card.name.lower() in named)


def nobody_looked_it_up(found: Difference) -> bool:
    """Their output is as long as their input, or longer."""
    return found.name == "max_output" and found.theirs["max_output"] >= found.theirs.get("max_input", 0)


def documented(found: Difference) -> bool:
    """The vendor's own document says it, or another map that was compared by hand."""
    return any(who in (found.card.ceilings_source or "") for who in DOCUMENTS)


def shortened(found: Difference) -> bool:
    """One of the two is short for the other: 1,048,576 tokens are called 1M, 1048K or 1.04M."""
    shorter, longer = sorted((found.ours or 0, found.theirs[found.name]))
    return found.name == "max_input" and longer % 1024 == 0 and shorter % 1000 == 0 and shorter > 0.95 * longer


def contradicted(found: Difference) -> bool:
    """Two sources say two things, and no document that decides is known: it is unknown."""
    return found.name == "max_input" and found.listed and found.ours is None


def another_name(found: Difference) -> bool:
    """The name is one of several that a row is for. That has the ceilings of its own name, or what all agree on."""
    return not found.listed


CAUSES = (nobody_looked_it_up, shortened, documented, contradicted, another_name)


def cause(found: Difference) -> str:
    """The name of the first cause that explains a difference, else all that there is to say of it."""
    ceilings = {name: value for name, value in found.theirs.items() if name != "modes"}
    named = (one.__name__ for one in CAUSES if one(found))
    return next(named, f"{found.card.name}: {found.name} is {found.ours}, and litellm has {ceilings}")


def test_every_difference_from_litellm_has_a_cause() -> None:
    """Where the catalog and litellm's map differ on a ceiling, it is known why; no cause is there for nothing."""
    causes = Counter(map(cause, differences()))
    assert set(causes) == {one.__name__ for one in CAUSES}


def test_as_many_ceilings_are_known_as_ever() -> None:
    """A change of the sources may correct ceilings; it may not lose them by the dozen without being noticed."""
    cards = Catalog().listing()
    known = {
        name: sum(getattr(card, name) is not None for card in cards)
        for name in ("max_input", "max_output", "window", "cache_min")
    }
    least = {"max_input": 120, "max_output": 370, "window": 1360, "cache_min": 185}
    assert all(known[name] >= number for name, number in least.items()), known


def test_ceilings_fit_each_other() -> None:
    """No model takes more input than its window, writes more than it, or caches only what it does not take."""
    for card in Catalog().listing():
        room = card.window or card.max_input
        if room is not None:
            assert (card.max_input or 0) <= room, card.name
            assert (card.max_output or 0) <= room, card.name
            assert (card.cache_min or 0) < room, card.name
