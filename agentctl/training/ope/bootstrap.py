"""Confidence intervals by resampling rows: bias-corrected and accelerated (BCa), seeded, to the bit the same.

Source: B. Efron, Better bootstrap confidence intervals, JASA 82 (1987).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
_CHUNK = 1 << 21  # indices drawn at once
_NORMAL = NormalDist()


def interval(
    rows: NDArray[np.float64],
    *,
    over: NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float, float]:
    """The mean of `rows`, or the ratio of it to the mean of `over`, and the bounds of its confidence interval.

    Rows are drawn as pairs. Rows that are all alike, or a single one, have an interval of no width: that says nothing
    of its truth, so ask for enough rows before it is believed.
    """
    beside = np.ones_like(rows) if over is None else over
    value = float(rows.mean() / beside.mean()) if beside.any() else 0.0
    influence = rows - value * beside
    scale = float(np.sqrt(np.square(influence).sum()))
    if scale <= 1e-12 * max(1.0, float(np.abs(rows).max())):
        return value, value, value
    drawn = _means(np.stack([rows, beside]), resamples, seed)
    # A resample without any weight says nothing: it stands where the estimate does.
    ratios = np.where(drawn[1] > 0, drawn[0] / np.where(drawn[1] > 0, drawn[1], 1), value)
    acceleration = float((influence**3).sum()) / (6 * scale**3)
    low, high = _levels(ratios, value, acceleration, confidence)
    bounds = np.quantile(ratios, [low, high])
    return value, min(float(bounds[0]), value), max(float(bounds[1]), value)


def _means(columns: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """The mean of each column (K, N) over so many resamples, (K, resamples)."""
    count = columns.shape[1]
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // count)
    parts = []
    for start in range(0, resamples, at_once):
        chosen = rng.integers(0, count, (min(at_once, resamples - start), count), dtype=np.int32)
        parts.append(np.stack([column[chosen].mean(axis=1) for column in columns]))
    return np.concatenate(parts, axis=1)


def _levels(drawn: NDArray[np.float64], value: float, acceleration: float, confidence: float) -> tuple[float, float]:
    """The quantiles of the resamples that bound the interval: corrected for its bias and its skewness."""
    count = len(drawn)
    below = float((drawn < value).sum() + 0.5 * (drawn == value).sum())
    bias = _NORMAL.inv_cdf(min(max(below / count, 0.5 / count), 1 - 0.5 / count))

    def level(tail: float) -> float:
        shifted = bias + _NORMAL.inv_cdf(tail)
        slope = 1 - acceleration * shifted
        # Where the correction leaves the normal scale, the outermost resample is the bound.
        return _NORMAL.cdf(bias + shifted / slope) if slope > 0 else float(shifted > 0)

    tail = (1 - confidence) / 2
    low, high = level(tail), level(1 - tail)
    return (low, high) if math.isfinite(low + high) else (tail, 1 - tail)
