"""A row of the catalog: genai-prices' model, with what litellm and we know beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatch
from typing import Any, TypeVar

from genai_prices.types import ModelInfo, Provider
from lists import history, is_counted, lists, stored
from rules import rules

Said = TypeVar("Said")
PLAIN = ("input", "output", "cache_read", "cache_write_short", "cache_write_long")
FREE = {"since": "", "tiers": [{"above": 0, "input": "0", "output": "0"}]}


@dataclass(frozen=True)
class Known:
    """What is known of a provider, by whom: `ours` is its file beside this one, `theirs` litellm's models."""

    source: str
    date: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    theirs_source: str
    theirs_date: str

    def theirs_of(self, model: ModelInfo) -> Mapping[str, Any]:
        """Return what litellm knows of a model, by any of its names."""
        names = (model.id.lower(), *rules(model.match).get("equals", ()))
        return next((self.theirs[name] for name in names if name in self.theirs), {})


def row(model: ModelInfo, known: Known) -> dict[str, Any]:
    """Return a model's row: its names, and its price lists, none if its cost can't be told."""
    names = rules(model.match)
    # Their id is not always a name that the provider's API takes.
    head = {"id": model.id if model.is_match(model.id) else next(iter(names.get("equals", [model.id]))), **names}
    origin = {"source": known.source, "date": known.date}
    if own := known.ours.get("lists", {}).get(model.id):
        return head | {"lists": own["lists"]} | origin | {"source": own["source"]}
    if reason := matching(known.ours.get("left_out", {}), model.id):
        return head | {"lists": [], "left_out": reason} | origin
    if not any(stored(one.prices) for one in history(model)):
        free = matching(known.ours.get("free", {}), model.id)
        return head | {"lists": [FREE] if free else []} | origin | ({"source": free} if free else {})
    if not is_counted(model):
        return head | {"lists": []} | origin
    found, added = completed(lists(model), model, known)
    return head | {"lists": found} | origin | {"source": "; ".join((known.source, *added))}


def matching(patterns: Mapping[str, Said], name: str) -> Said | None:
    """Return what is said of the first pattern that fits the name."""
    return next((said for pattern, said in patterns.items() if fnmatch(name, pattern)), None)


def completed(found: list[dict[str, Any]], model: ModelInfo, known: Known) -> tuple[list[dict[str, Any]], list[str]]:
    """Add to a model's lists what others know, and return whence that is."""
    sources = [*free_output(found, model, known)]
    taken = [*from_litellm(found, known.theirs_of(model), known.theirs_date)]
    if taken:
        sources.append(f"{known.theirs_source} ({', '.join(dict.fromkeys(taken))})")
    for mode, told in known.ours.get("modes", {}).items():
        if not any(one.get("mode") == mode for one in found):
            found += [multiple(one, mode, told["times"]) for one in list(found) if "mode" not in one]
            sources.append(told["source"])
    for fee, models in known.ours.get("fees", {}).items():
        if model.id in models:
            for one in found:
                one["fees"] = one.get("fees", {}) | {fee: models[model.id]["price"]}
            sources.append(models[model.id]["source"])
    return found, sources


def free_output(found: list[dict[str, Any]], model: ModelInfo, known: Known) -> Iterator[str]:
    """Say where an output without a price is free, and yield who says so."""
    if source := matching(known.ours.get("free_output", {}), model.id):
        for tier in (tier for one in found for tier in one["tiers"]):
            tier["output"] = tier["output"] or "0"
        yield source


def from_litellm(found: list[dict[str, Any]], theirs: Mapping[str, Any], day: str) -> Iterator[str]:
    """Add what litellm knows to lists whose prices it gives alike, and yield what that is."""
    usual = next(one for one in reversed(found) if "mode" not in one and "hours" not in one and one["since"] <= day)
    modes = theirs.get("modes", {})
    if not agrees(usual, modes.get("standard", {})):
        return
    for one in found:
        told = modes.get(one.get("mode", "standard"), {})
        if (
            (one is usual or ("mode" in one and one["since"] >= usual["since"]))
            and agrees(one, told)
            and lengthen(one, told)
        ):
            yield "long writes"
    present = {one.get("mode", "standard"): one for one in found}
    # A part of a bucket has no price that is unknown: without it, nothing is said of the mode.
    needed = {"input", "output"} | {name for tier in usual["tiers"] for name in tier if name not in (*PLAIN, "above")}
    for mode, told in modes.items():
        if mode not in present and needed <= told.get("0", {}).keys():
            # Vendors price flex as batch.
            same = mode == "flex" and told["0"].items() <= modes.get("batch", {}).get("0", {}).items()
            found.append(mode_list(usual, mode, modes["batch"] | told if same else told))
            yield mode
    if (factor := theirs.get("fast")) and "fast" not in present:
        found.append(multiple(usual, "fast", factor))
        yield "fast"
    if regions := theirs.get("regions"):
        for one in found:
            one["regions"] = regions
        yield "regions"


def agrees(one: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether litellm gives a list's prices of input, output and reads alike, in all its tiers."""
    if {str(tier["above"]) for tier in one["tiers"]} != told.keys():
        return False
    return all(
        tier[name] is not None and Decimal(tier[name]) == Decimal(told[str(tier["above"])].get(name, "-1"))
        for tier in one["tiers"]
        for name in ("input", "output", "cache_read")
        if name != "cache_read" or (name in tier and name in told[str(tier["above"])])
    )


def lengthen(one: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Fill in the prices of long writes that were unknown; whether there were any."""
    found = False
    for tier in one["tiers"]:
        price = told[str(tier["above"])].get("cache_write_long")
        if price and tier.get("cache_write_long", "known") is None:
            tier["cache_write_long"] = price
            found = True
    return found


def mode_list(usual: Mapping[str, Any], mode: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return litellm's prices of a mode; what it does not say of what the usual list has is unknown."""
    tiers = [
        {"above": tier["above"]}
        | {name: told.get(str(tier["above"]), {}).get(name) for name in tier if name != "above"}
        for tier in usual["tiers"]
    ]
    fees = {"fees": usual["fees"]} if "fees" in usual else {}
    return {"since": usual["since"], "mode": mode, "tiers": tiers} | fees


def multiple(one: Mapping[str, Any], mode: str, factor: str) -> dict[str, Any]:
    """Return a list of which every price of tokens is so many times that of another."""
    tiers = [
        {
            name: value if name == "above" or value is None else f"{(Decimal(value) * Decimal(factor)).normalize():f}"
            for name, value in tier.items()
        }
        for tier in one["tiers"]
    ]
    return {**one, "mode": mode, "tiers": tiers}


def ceilings(provider: Provider, known: Known) -> Iterator[dict[str, Any]]:
    """Yield the ceilings of each model of which any is known."""
    ours = {name for row in known.ours.get("ceilings", ()) for name in row["models"]}
    named: dict[str, list[Mapping[str, Any]]] = {}
    for name, theirs in known.theirs.items():
        if meant := provider.find_model(name):
            named.setdefault(meant.id, []).append(theirs)
    for model in provider.models:
        head = row(model, known)
        theirs = known.theirs_of(model) or agreed(named.get(model.id, ()))
        found, sources = limits(model.context_window, theirs, known)
        for name, told in documented(model.id, head["lists"], known):
            found[name] = told["tokens"]
            sources.append(told["source"])
        if found and model.id not in ours:
            yield {
                "models": [head["id"].lower()],
                **found,
                "source": ", ".join(dict.fromkeys(sources)),
                "date": known.date if {*sources} == {known.source} else known.theirs_date,
            }


def agreed(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the ceilings that litellm gives alike to all names of a model."""
    told = ((name, {entry.get(name) for entry in entries}) for name in ("max_input", "max_output", "cache_min"))
    return {name: size for name, (size, *others) in told if size and not others} if entries else {}


def documented(model: str, lists: Sequence[Mapping[str, Any]], known: Known) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what the vendor's documents say of a model's ceilings, by name; a cache has a price where there is one."""
    cached = any("cache_read" in tier for one in lists for tier in one["tiers"])
    for name, patterns in known.ours.get("limits", {}).items():
        if (name != "cache_min" or cached) and (told := matching(patterns, model)):
            yield name, told


def limits(window: int | None, theirs: Mapping[str, Any], known: Known) -> tuple[dict[str, int], list[str]]:
    """Return a model's ceilings, and whence they are; none on which two sources contradict each other."""
    given, longest = theirs.get("max_input"), theirs.get("max_output", 0)
    if window and given:
        window, given = exact(window, given), exact(given, window)
    found, sources = {}, []
    names = known.ours.get("window_is", ["window"])
    # An output as long as the whole window is one that nobody looked up.
    apart = given is not None and longest < given
    if apart and window == given + longest and "window" in names:
        found, sources = {"window": window, "max_input": given}, [known.source, known.theirs_source]
    elif names and (size := window or given) and given in (None, size):
        found = dict.fromkeys(names, size)
        sources = [known.source] * bool(window) + [known.theirs_source] * bool(given)
    if longest and apart:
        found["max_output"] = longest
    if "cache_min" in theirs:
        found["cache_min"] = theirs["cache_min"]
    if found.keys() & {"max_output", "cache_min"}:
        sources.append(known.theirs_source)
    return found, sources


def exact(size: int, other: int) -> int:
    """Return the size, or the other one if it is short for that: 1,048,576 tokens are called 1M, or 1048K."""
    shortened = {other // unit * unit for unit in (10 ** (len(str(other)) - digits) for digits in (1, 2, 3, 4))}
    return other if other % 1024 == 0 and size in (*shortened, other // 1024 * 1000) else size
