"""Corrects linear estimates of success by their squares and products.

An action gains most on another where that one's success is in doubt: the gain rises and falls again, as no linear
estimate does, and the estimates themselves tell where.
"""

from __future__ import annotations

import numpy as np

from agentctl.training.seen import Floats


def terms(actions: int) -> int:
    """How many terms a correction has."""
    return 1 + actions + actions * (actions + 1) // 2


def corrected(raw: Floats, correction: Floats) -> Floats:
    """The estimates `(B, A)` with what `correction` `(terms, A)` adds, held between 0 and 1."""
    bounded = np.clip(raw, 0, 1)
    return np.asarray(np.clip(bounded + _terms(bounded) @ correction, 0, 1))


def learn(held: Floats, success: Floats, penalty: float) -> Floats:
    """The correction of held-out estimates with the least squared error and penalty on its squares, `(terms, A)`."""
    bounded = np.clip(held, 0, 1)
    found = _terms(bounded)
    normal = found.T @ found + penalty * np.eye(found.shape[1])
    return np.asarray(np.linalg.solve(normal, found.T @ (success - bounded)), np.float64)


def _terms(estimates: Floats) -> Floats:
    """One, the estimates, and their products with each other and themselves."""
    first, second = np.triu_indices(estimates.shape[1])
    products = estimates[:, first] * estimates[:, second]
    return np.concatenate((np.ones((len(estimates), 1)), estimates, products), axis=1)
