"""IPS, SNIPS, DM and DR: what a policy would have earned on average, with an interval and how far to trust it.

With w = π(a|x)/p the weight of a row, q(x, ·) the predicted rewards and V(x) = Σ π(a|x) q(x, a):

- IPS, inverse propensity scoring, the mean of w·r: unbiased where the log supports the policy, and noisy.
- SNIPS, self-normalised: the mean of w·r over the mean of w; a little biased, and it moves with r + c by c.
- DM, the direct method, the mean of V(x): as wrong as the predictions; nothing should be decided by it.
- DR, doubly robust, the mean of V(x) + w·(r - q(x, a)): right if either propensities or predictions are.

`clip` is the most that a weight may be. It trades variance for bias: IPS gets too low where it cuts (for rewards
above 0), DR is drawn towards DM. Propensities that agentctl records are exact, and exploration bounds the weights, so
the default is to cut nothing.

Source: M. Dudík, J. Langford, L. Li, Doubly robust policy evaluation and learning, ICML 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.training.ope.bootstrap import CONFIDENCE, RESAMPLES, interval
from agentctl.training.ope.logged import Logged, LoggedError
from agentctl.training.ope.outcome import cross_fitted

FLOOR = 0.005
"""The least probability of an action that counts as having been tried."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward of a policy, by a log of another one.

    Args:
        value: the estimate.
        low, high: the confidence interval.
        effective_sample_size: of how many rows of the policy's own the log is worth, (Σw)²/Σw².
        support: the share of the policy's choices that the log can tell of; see `support`.
    """

    value: float
    low: float
    high: float
    effective_sample_size: float
    support: float


def ips(
    logged: Logged,
    target: NDArray[np.floating],
    *,
    clip: float | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Inverse propensity scoring of the policy that chooses with the probabilities `target`, (N, A)."""
    weight = weights(logged, target, clip)
    found = interval(weight * logged.rewards, confidence=confidence, resamples=resamples, seed=seed)
    return Estimate(*found, _effective(weight), support(logged, target))


def snips(
    logged: Logged,
    target: NDArray[np.floating],
    *,
    clip: float | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Self-normalised inverse propensity scoring; 0 where no row has any weight, as its support tells."""
    weight = weights(logged, target, clip)
    found = interval(weight * logged.rewards, over=weight, confidence=confidence, resamples=resamples, seed=seed)
    return Estimate(*found, _effective(weight), support(logged, target))


def dm(
    logged: Logged,
    target: NDArray[np.floating],
    *,
    predictions: NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The direct method; `predictions` (N, A) are cross-fitted ridge's if none are given."""
    predicted = _predictions(logged, predictions, seed)
    rows = (logged.check(target) * predicted).sum(axis=1)
    found = interval(rows, confidence=confidence, resamples=resamples, seed=seed)
    return Estimate(*found, _effective(weights(logged, target)), support(logged, target))


def dr(
    logged: Logged,
    target: NDArray[np.floating],
    *,
    predictions: NDArray[np.float64] | None = None,
    clip: float | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The doubly robust estimate; `predictions` (N, A) are cross-fitted ridge's if none are given."""
    predicted = _predictions(logged, predictions, seed)
    rows = contributions(logged, target, predicted, clip)
    found = interval(rows, confidence=confidence, resamples=resamples, seed=seed)
    return Estimate(*found, _effective(weights(logged, target, clip)), support(logged, target))


def contributions(
    logged: Logged, target: NDArray[np.floating], predictions: NDArray[np.float64], clip: float | None = None
) -> NDArray[np.float64]:
    """What each row adds to the doubly robust estimate, (N,): differences of two policies' are paired."""
    rows = np.arange(len(logged))
    surprise = logged.rewards - predictions[rows, logged.actions]
    expected = (logged.check(target) * predictions).sum(axis=1)
    result: NDArray[np.float64] = expected + weights(logged, target, clip) * surprise
    return result


def weights(logged: Logged, target: NDArray[np.floating], clip: float | None = None) -> NDArray[np.float64]:
    """How much likelier the policy would have chosen what was chosen, (N,), at most `clip`."""
    rows = np.arange(len(logged))
    weight: NDArray[np.float64] = logged.check(target)[rows, logged.actions] / logged.propensities
    return weight if clip is None else np.minimum(weight, clip)


def support(logged: Logged, target: NDArray[np.floating], floor: float = FLOOR) -> float:
    """The share of the policy's probability that lies on actions which the log's policy chose with at least `floor`.

    Of the actions that were not chosen the log knows only what probability they had together, so this is an upper
    bound where there are more than two; where nothing was explored, at propensity 1, it is exact. An action that was
    not allowed had none.
    """
    probabilities = logged.check(target)
    rows = np.arange(len(logged))
    chosen = probabilities[rows, logged.actions] * (logged.propensities >= floor)
    others = np.where(logged.mask, probabilities, 0).sum(axis=1) - probabilities[rows, logged.actions]
    return float((chosen + others * (1 - logged.propensities >= floor)).mean().clip(0, 1))


def _predictions(logged: Logged, given: NDArray[np.float64] | None, seed: int) -> NDArray[np.float64]:
    if given is None:
        return cross_fitted(logged, seed=seed)
    if given.shape != logged.mask.shape or not np.isfinite(given).all():
        raise LoggedError(f"predictions are {given.shape}, and the decisions {logged.mask.shape}, all of them numbers")
    return given


def _effective(weight: NDArray[np.float64]) -> float:
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
