"""What a score is worth for routing between two actions, as RouteLLM measures it (arXiv:2406.18665).

The tasks with the highest scores go to the dear action, for every share of tasks from none to all. Of the gap in
success between the cheap action and the dear one, a part is recovered at each share (PGR). APGR is the area under that
curve, 0.5 for chance. CPT(x) is the least share of calls that recovers x % of the gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentctl.training.seen import Floats


@dataclass(frozen=True)
class Ranking:
    """How well a score ranks; None where there is no gap to recover."""

    apgr: float | None
    cpt50: float | None
    cpt80: float | None


def ranking(scores: Floats, cheap: Floats, dear: Floats) -> Ranking:
    """Measure a score, given both actions' success on each task; equal scores stand as they would on average."""
    gains = dear - cheap
    gap = float(gains.sum())
    if gap <= 0:
        return Ranking(None, None, None)
    _, kinds, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    shares = np.concatenate(([0], np.cumsum(counts))) / len(scores)
    recovered = np.concatenate(([0], np.cumsum(np.bincount(kinds, weights=gains)))) / gap
    area = float(((recovered[1:] + recovered[:-1]) / 2 * np.diff(shares)).sum())
    return Ranking(area, _first(shares, recovered, 0.5), _first(shares, recovered, 0.8))


def _first(shares: Floats, recovered: Floats, level: float) -> float:
    """The first share at which the curve reaches the level."""
    at = int(np.argmax(recovered >= level - 1e-12))
    rise = recovered[at] - recovered[at - 1]
    return float(shares[at - 1] + (shares[at] - shares[at - 1]) * (level - recovered[at - 1]) / rise)
