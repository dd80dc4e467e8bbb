"""What to do so that a prompt cache is read more: advice from what was missed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from agentctl.economy.cachereport import Missed, Saving, Tally

_MINUTE = 60_000_000  # µs
_MOST = 3  # places that change, of which each is told


def advise(
    savings: Mapping[str, Saving],
    tallies: Sequence[Tally],
    latest: Sequence[Missed],
    minimums: Mapping[str, int | None],
) -> list[str]:
    """Return what would help, a sentence each, the most of tokens first.

    Args:
        savings: what was saved, by model.
        tallies: how often what was missed.
        latest: the latest misses, for the places where requests change.
        minimums: the fewest tokens that are cached, by model, where that is known.
    """
    found = [text for tally in tallies for text in _of(tally, minimums.get(tally.model))]
    found += _changes(latest)
    found += [
        f"caching cost more than it saved with {model}: --no-cache for questions that nothing follows"
        for model, saving in savings.items()
        if saving.saved < 0
    ]
    return found


def _of(tally: Tally, minimum: int | None) -> Iterator[str]:
    match tally.cause:
        case "expired" if tally.least_gap is not None and tally.most_gap is not None and tally.near * 2 >= tally.misses:
            span = _span(tally.least_gap, tally.most_gap)
            yield f"calls to {tally.model} are {span} apart: a cache that is kept for 1h pays"
        case "expired":
            yield f"calls to {tally.model} are mostly more than an hour apart: no cache lasts that long"
        case "below_minimum":
            least = "what it caches" if minimum is None else f"the minimum of {minimum:,} tokens"
            yield f"prompts to {tally.model} are below {least}: nothing to cache"
        case "model_changed":
            yield f"sessions change to {tally.model} on the way: each model reads the whole conversation anew"
        case "route_changed":
            yield f"{tally.model} is served by one provider and then another: pin one, as with openrouter.order"
        case "look_back":
            yield f"turns with {tally.model} have more blocks than its cache looks back over: call fewer tools at once"


def _changes(latest: Sequence[Missed]) -> Iterator[str]:
    """The places where the latest requests most often were not as before."""
    counted = Counter((one.model, one.path, one.text) for one in latest if one.cause == "changed" and one.path)
    for (model, path, text), times in counted.most_common(_MOST):
        often = f"{times} of the latest {len(latest)} misses" if times > 1 else "once"
        if "another order" in text:
            yield f"tools change order ({model}, {often}): give them in the same one each time"
        elif path.startswith("$.tools"):
            yield f"tools change at {path} ({model}, {often}): all that follows is read anew"
        elif path.startswith("$.system"):
            yield f"the system prompt changes at {path} ({model}, {often}): put what changes last"
        else:
            yield f"what was sent before changes at {path} ({model}, {often})"


def _span(least: int, most: int) -> str:
    first, last = (max(round(gap / _MINUTE), 1) for gap in (least, most))
    unit = "minute" if last == 1 else "minutes"
    return f"{last} {unit}" if first == last else f"{first} to {last} {unit}"
