"""Whether a policy does worse than what was before it: three one-sided tests, made again and again. Pure.

Outcomes and errors are compared as rates, by the test of Agresti and Caffo: a success and a failure are added to each
side, and the difference is held against the normal distribution. Costs are compared by their means, with the variances
that they have (Welch). Each needs `LEAST` turns on both sides. A policy that costs more counts as worse unless its
outcomes are better by the same test.

A policy is looked at many times, so each look may err less often: the k-th at the level ALPHA / (k·(k + 1)), which is
ALPHA for all looks together, and a third of that for each of the three tests. A policy that is no worse is rolled back
in at most ALPHA of all cases, however long it is in use.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance
from typing import Literal

ALPHA = 0.01
LEAST = 50
"""Turns on either side, below which nothing is said."""

Measure = Literal["outcome", "errors", "cost"]
_MEASURES = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a turn: how good it was, from 0 to 1, whether it failed, and its dollars. None is unknown."""

    outcome: float | None
    failed: bool
    cost: float | None


@dataclass(frozen=True, slots=True)
class Worse:
    """That a policy does worse: in what, by the means of both sides, and how likely chance alone would do that."""

    measure: Measure
    policy: float
    before: float
    p: float

    def __str__(self) -> str:
        names = {"outcome": "outcomes", "errors": "share of failed turns", "cost": "cost of a turn in dollars"}
        return (
            f"its {names[self.measure]} came to {self.policy:.4g}, and {self.before:.4g} before it (p = {self.p:.2g})"
        )


def judge(policy: Iterable[Turn], before: Iterable[Turn], *, look: int) -> Worse | None:
    """Say in what a policy does worse than what was before it, if in anything.

    Args:
        policy: its turns.
        before: those without it.
        look: how many times this was asked of the policy, this time included; from 1.
    """
    mine, theirs = list(policy), list(before)
    level = ALPHA / (look * (look + 1)) / _MEASURES
    good = [[one.outcome for one in side if one.outcome is not None] for side in (mine, theirs)]
    failed = [[float(one.failed) for one in side] for side in (mine, theirs)]
    costs = [[one.cost for one in side if one.cost is not None] for side in (mine, theirs)]
    found = (
        _worse("outcome", good, _above(good[1], good[0])),
        _worse("errors", failed, _above(failed[0], failed[1])),
        None if _above(good[0], good[1]) < level else _worse("cost", costs, _dearer(costs[0], costs[1])),
    )
    return next((one for one in found if one and one.p < level), None)


def _worse(measure: Measure, sides: Sequence[Sequence[float]], p: float) -> Worse | None:
    return Worse(measure, fmean(sides[0]), fmean(sides[1]), p) if p < 1 else None


def _above(high: Sequence[float], low: Sequence[float]) -> float:
    """How likely chance alone puts the one rate so far above the other; 1 where there is too little to say."""
    if min(len(high), len(low)) < LEAST:
        return 1.0
    rates = [(math.fsum(side) + 1) / (len(side) + 2) for side in (high, low)]
    spread = sum(rate * (1 - rate) / (len(side) + 2) for rate, side in zip(rates, (high, low), strict=True))
    return _tail(rates[0] - rates[1], spread)


def _dearer(high: Sequence[float], low: Sequence[float]) -> float:
    """The same for means."""
    if min(len(high), len(low)) < LEAST:
        return 1.0
    return _tail(fmean(high) - fmean(low), variance(high) / len(high) + variance(low) / len(low))


def _tail(difference: float, spread: float) -> float:
    if spread <= 0:
        return 0.0 if difference > 0 else 1.0
    return 1 - NormalDist().cdf(difference / math.sqrt(spread))
