"""The least that a conversation can cost, whoever plans it, knowing all that will come: found by trying everything.

`exhaustive` tries each set of marks with each lifetime at each request, against the vendor's rules themselves: for
conversations of a few requests. `optimum` is for long ones. It tries each way to write at each request too, but tells
caches apart only by what matters: the longest beginning that lives short, and the longest that lives long. A shorter
one of the same lifetime is never found later than the longer one, which a mark keeps alive for nothing. Both give the
same on what both can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from support.caches.pieces import Spent


@dataclass(frozen=True, slots=True)
class Costs:
    """What a token of each kind costs, in multiples of fresh input, and how long it lives in seconds.

    `mixed` is whether one request can write for both times.
    """

    read: float = 0.1
    short: float = 1.25
    long: float = 2.0
    short_life: float = 300.0
    long_life: float = 3600.0
    mixed: bool = True

    def of(self, spent: Spent) -> float:
        """What a request's input costs."""
        return spent.fresh + self.read * spent.read + self.short * spent.short + self.long * spent.long


def optimum(
    sizes: Sequence[int], places: Sequence[int], gaps: Sequence[float], costs: Costs, *, least: int, reached: float
) -> float:
    """Return the least cost of the input of all requests.

    Args:
        sizes: the tokens of each request, which begins with all of the one before.
        places: the tokens up to each place where they can be cut.
        gaps: the seconds before each but the first.
        costs: of the model.
        least: the fewest tokens that are cached.
        reached: a cost that someone reached: what can't become less than that is not looked at any further.
    """
    states: dict[tuple[int, int], float] = {(0, 0): 0.0}
    to_come = _at_least(sizes, costs)
    for number, size in enumerate(sizes):
        gap = gaps[number - 1] if number else 0.0
        ends = [one for one in places if least <= one <= size]
        following: dict[tuple[int, int], float] = {}
        for (short, long), paid in states.items():
            held = (short if gap <= costs.short_life else 0, long if gap <= costs.long_life else 0)
            for state, cost in _writes(held, size, ends, costs):
                spent = paid + cost
                if spent + to_come[number] <= reached and spent < following.get(state, float("inf")):
                    following[state] = spent
        states = following
    return min(states.values(), default=reached)


def _at_least(sizes: Sequence[int], costs: Costs) -> list[float]:
    """What the requests after each cost at the very least: all of the one before is read, and nothing written."""
    new = [costs.read * before + (size - before) for before, size in pairwise(sizes)]
    return [sum(new[number:]) for number in range(len(sizes))]


def _writes(
    held: tuple[int, int], size: int, ends: Sequence[int], costs: Costs
) -> Iterator[tuple[tuple[int, int], float]]:
    """The ways to write a request, with what is held then and what it costs: long up to one end, short to another."""
    short, long = held
    read = max(held)
    new = [end for end in ends if end > read]
    for to_long in (read, *new):
        for to_short in (to_long, *(end for end in new if end > to_long)):
            if read < to_long < to_short and not costs.mixed:
                continue
            spent = Spent(size - to_short, read, to_short - to_long, to_long - read)
            state = (to_short if to_short > to_long else short, to_long if to_long > read else long)
            yield (state if state[0] > state[1] else (0, state[1])), costs.of(spent)


Marks = tuple[tuple[int, str], ...]
"""The pieces of a request that are marked, and for how long."""


def exhaustive(
    requests: Sequence[int],
    serve: Callable[[Sequence[Marks]], float],
    most: int = 4,
    lives: Sequence[str] = ("5m", "1h"),
) -> float:
    """Return the least of what `serve` says that a conversation costs, over all marks that there can be.

    Args:
        requests: how many pieces each has.
        serve: from the marks of each request to the cost of them all.
        most: the most marks of a request.
        lives: the lifetimes, the shorter first.
    """
    return min(serve(plan) for plan in product(*(_all_marks(pieces, most, lives) for pieces in requests)))


def _all_marks(pieces: int, most: int, lives: Sequence[str]) -> list[Marks]:
    found: list[Marks] = []
    for number in range(min(most, pieces) + 1):
        for places in combinations(range(pieces), number):
            for longer in range(number + 1 if len(lives) > 1 else 1):
                ttls = [lives[-1]] * longer + [lives[0]] * (number - longer)
                found.append(tuple(zip(places, ttls, strict=True)))
    return found
