"""What each action would earn, as ridge regression predicts it from rows that it has not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentctl.training.blas import one_thread
from agentctl.training.ope.logged import Logged

FOLDS = 5
_PENALTIES = np.logspace(-3, 3, 13)  # times the mean eigenvalue
_ROUNDING = 1e-10
_LEAST = 8  # rows of an action below which its mean is all that is learned of it


def cross_fitted(logged: Logged, *, folds: int = FOLDS, seed: int = 0) -> NDArray[np.float64]:
    """The predicted reward of every action at every decision, (N, A).

    A row's prediction comes of the other folds alone, so that no row is judged by what was learned from it. An action
    of which the other folds have too few rows is predicted to earn its mean there, or that of all actions if it has
    none. The penalty is chosen by generalised cross-validation.
    """
    count, actions = logged.mask.shape
    features = logged.features.astype(np.float64)
    fold = np.random.default_rng(seed).permutation(count) % min(folds, max(count, 2))
    predicted = np.empty((count, actions))
    with one_thread():
        for held in range(int(fold.max()) + 1):
            out, rest = fold == held, fold != held
            overall = float(logged.rewards[rest].mean()) if rest.any() else 0.0
            for action in range(actions):
                rows = rest & (logged.actions == action)
                predicted[out, action] = _predict(features[rows], logged.rewards[rows], features[out], overall)
    return predicted


def _predict(
    known: NDArray[np.float64], rewards: NDArray[np.float64], asked: NDArray[np.float64], overall: float
) -> NDArray[np.float64] | float:
    if len(known) < _LEAST:
        return float(rewards.mean()) if len(known) else overall
    centre, mean = known.mean(axis=0), float(rewards.mean())
    inner, errors = known - centre, rewards - mean
    # Within rounding all rows are alike: there is nothing to tell them apart by.
    if not np.square(inner).sum() > _ROUNDING * len(inner):
        return mean
    squared, right, score = _directions(inner, errors)
    penalty = _penalty(squared, score, errors)
    weights = right @ (np.sqrt(squared) / (squared + penalty) * score)
    result: NDArray[np.float64] = mean + (asked - centre) @ weights
    return result


def _directions(
    inner: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The squared singular values (K,), the right vectors (D, K), and the errors along the left ones (K,).

    They come of the smaller of the two products with itself, an order faster than a decomposition of the whole.
    """
    count, width = inner.shape
    if count >= width:
        squared, right = np.linalg.eigh(inner.T @ inner)
    else:
        squared, left = np.linalg.eigh(inner @ inner.T)
    kept = squared > _ROUNDING * squared[-1]
    squared = squared[kept]
    values = np.sqrt(squared)
    if count >= width:
        right = right[:, kept]
        return squared, right, (right.T @ (inner.T @ errors)) / values
    left = left[:, kept]
    return squared, inner.T @ left / values, left.T @ errors


def _penalty(squared: NDArray[np.float64], score: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
    """The penalty with the least generalised cross-validation error; the mean counts as a parameter."""
    grid = _PENALTIES * squared.mean()
    shrunk = squared / (squared + grid[:, None])  # (P, K)
    residual = np.square(errors).sum() - ((2 * shrunk - shrunk**2) * np.square(score)).sum(axis=1)
    freedom = len(errors) - 1 - shrunk.sum(axis=1)
    return float(grid[(residual / np.maximum(freedom, 1e-9) ** 2).argmin()])
