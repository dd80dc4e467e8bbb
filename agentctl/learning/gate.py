"""The gate: lets a policy decide only where it is shown to earn more than what decides now and than any baseline."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.comparison import Paired
from agentctl.learning.verdict import Difference, Report, Verdict
from agentctl.training.ope import interval

LEAST_ROWS = 50
"""Effective rows below which an interval is not believed."""

LEAST_GAIN = 0.01
"""The reward that is worth more data: where no more than this can be gained, a policy is not better."""

LEAST_SUPPORT = 0.95
_CONFIDENCE = 0.95
_SLICE_RESAMPLES = 10_000  # the bounds of many slices are far out
_DIGITS = 6


def judge(comparison: Paired, *, seed: int = 0, share: float = 1.0) -> Report:
    """Judge a candidate by paired differences of rewards.

    It is better if the 95 % intervals of its difference from the incumbent and from the best baseline lie above 0, and
    no slice with enough rows is worse: with an interval below 0, at a confidence that allows for how many slices there
    are. Where an interval still has 0 and a gain in it, its width says how much more data would tell.

    Args:
        comparison: what each earned.
        seed: of the resamples.
        share: how many of the rows that come in are kept for the gate, as the others are learnt from.
    """
    differences = tuple(_difference(comparison, name, seed) for name in comparison.rivals)
    judged, dropped = _slices(comparison, seed)
    verdict, missing = _verdict(comparison, differences, dropped)
    return Report(
        verdict,
        comparison.method,
        len(comparison.candidate),
        round(comparison.support, _DIGITS),
        round(float(comparison.candidate.mean()), _DIGITS),
        comparison.incumbent,
        differences,
        judged,
        dropped,
        None if missing is None else _rounded(missing / share),
    )


def _verdict(
    comparison: Paired, differences: tuple[Difference, ...], dropped: tuple[Difference, ...]
) -> tuple[Verdict, float | None]:
    if comparison.support < LEAST_SUPPORT:
        return "no support", None
    if dropped or any(one.low <= 0 and one.high <= LEAST_GAIN for one in differences):
        return "not better", None
    missing = max(_missing(comparison, one) for one in differences)
    return ("not enough data", missing) if missing else ("better", None)


def _missing(comparison: Paired, one: Difference) -> float:
    """How many more rows would tell, if the difference stays what it is: widths shrink with the root of rows."""
    effective = comparison.effective(one.against)
    factor = LEAST_ROWS / effective if effective else float(LEAST_ROWS)
    if one.low <= 0:
        width = one.value - one.low if one.value > 0 else one.high - one.value
        factor = max(factor, (width / max(abs(one.value), LEAST_GAIN)) ** 2)
    return max(1.0, one.rows * (factor - 1)) if factor > 1 or one.low <= 0 else 0.0


def _rounded(number: float) -> int:
    """Up to two digits that count, at least 1."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return max(1, int(math.ceil(number / unit) * unit))


def _difference(comparison: Paired, against: str, seed: int) -> Difference:
    rows = comparison.candidate - comparison.others[against]
    return _named(against, interval(rows, confidence=_CONFIDENCE, seed=seed), len(rows))


def _slices(comparison: Paired, seed: int) -> tuple[int, tuple[Difference, ...]]:
    """How many slices have rows enough, and the differences of those in which the candidate is worse."""
    if comparison.slices is None:
        return 0, ()
    against = comparison.rivals[0]
    named = np.asarray(comparison.slices)
    enough: dict[str, NDArray[np.bool_]] = {}
    for name in sorted(set(comparison.slices)):
        if comparison.effective(against, named == name) >= LEAST_ROWS:
            enough[name] = named == name
    gains = comparison.candidate - comparison.others[against]
    confidence = 1 - (1 - _CONFIDENCE) / max(len(enough), 1)
    found = []
    for name, rows in enough.items():
        bounds = interval(gains[rows], confidence=confidence, resamples=_SLICE_RESAMPLES, seed=seed)
        found.append(_named(against, bounds, int(rows.sum()), name))
    return len(found), tuple(one for one in found if one.high < 0)


def _named(against: str, bounds: tuple[float, float, float], rows: int, name: str | None = None) -> Difference:
    value, low, high = (round(one, _DIGITS) for one in bounds)
    return Difference(against, value, low, high, rows, name)
