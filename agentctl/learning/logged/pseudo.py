"""Turns a log, which knows the outcome of one action a decision, into a table that has one for every action.

The outcome of action a at decision i is q(i, a) + 1[a was taken] · (success - q(i, a)) / propensity, where q is what
other decisions predict: right on average whatever q is, since propensities are exact. What learns from tables with all
outcomes learns from that as well.

Source: M. Dudík, J. Langford, L. Li, Doubly robust policy evaluation and learning, ICML 2011.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.logged.experience import Experience
from agentctl.training import ope


def logged(experience: Experience, rewards: NDArray[np.float64]) -> ope.Logged:
    """The decisions as a log of these rewards.

    Raises:
        LoggedError: they make no sense.
    """
    return ope.Logged(experience.features, experience.chosen, experience.propensities, rewards, experience.mask)


def outcomes(experience: Experience, good: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """How good every action is at every decision, (N, A), given how good what was done was, (N,).

    It is right on average; a single one may lie far out.
    """
    table = ope.cross_fitted(logged(experience, good), seed=seed)
    rows = np.arange(len(experience))
    surprise = good - table[rows, experience.chosen]
    table[rows, experience.chosen] += surprise / experience.propensities
    return table
