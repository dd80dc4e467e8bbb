"""Confidence intervals by resampling rows, seeded: the same rows and seed give the same bounds to the bit.

Bounds are percentiles of the resamples. Where few rows carry most of the weight, as in logs with little exploration,
these covered the truth more often than bias-corrected or studentised bounds did.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
_CHUNK = 1 << 21  # indices drawn at once


def interval(
    rows: NDArray[np.float64],
    *,
    over: NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float, float]:
    """The mean of `rows`, or the ratio of it to the mean of `over`, and the bounds of its confidence interval.

    Rows are drawn with what is beside them. Rows that are all alike, or a single one, have an interval of no width:
    that says nothing of its truth, so ask for enough rows before it is believed.
    """
    tail = (1 - confidence) / 2
    if over is None:
        (drawn,) = _means([rows], resamples, seed)
        value = float(rows.mean())
    else:
        above, below = _means([rows, over], resamples, seed)
        value = float(rows.mean() / over.mean()) if over.any() else 0.0
        # A resample without any weight says nothing: it stands where the estimate does.
        drawn = np.divide(above, below, out=np.full(resamples, value), where=below > 0)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return value, float(low), float(high)


def _means(columns: list[NDArray[np.float64]], resamples: int, seed: int) -> NDArray[np.float64]:
    """The mean of each column (N,) over so many resamples, (columns, resamples)."""
    count = len(columns[0])
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // count)
    parts = []
    for start in range(0, resamples, at_once):
        chosen = rng.integers(0, count, (min(at_once, resamples - start), count), dtype=np.int64)
        parts.append(np.stack([column.take(chosen).mean(axis=1) for column in columns]))
    return np.concatenate(parts, axis=1)
