"""Outcomes of actions that were not taken: right on average, whatever is predicted and however likely each was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.worlds import World

from agentctl.learning.logged.experience import Experience
from agentctl.learning.logged.pseudo import outcomes

_LOG = World().experience(24)
_VALUES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=24, max_size=24)
_CHANCES = st.lists(st.floats(0.05, 0.95), min_size=24, max_size=24)


def _taken(log: Experience, chosen: list[int], first: list[float]) -> Experience:
    """The log had these been chosen, where the first action has these probabilities."""
    likely = np.array(first)
    taken = np.array(chosen, np.int64)
    return replace(log, chosen=taken, propensities=np.where(taken == 0, likely, 1 - likely))


@given(_VALUES, _CHANCES, st.lists(st.integers(0, 1), min_size=24, max_size=24), st.integers(0, 23), st.integers(0, 3))
def test_they_are_right_on_average(
    values: list[tuple[float, float]], first: list[float], chosen: list[int], row: int, seed: int
) -> None:
    """Over what may have been chosen at a decision, each by its propensity, both outcomes have the true one as mean."""
    truth = np.array(values)
    mean = np.zeros(2)
    for action, likely in enumerate((first[row], 1 - first[row])):
        taken = [*chosen[:row], action, *chosen[row + 1 :]]
        good = truth[np.arange(24), taken]
        mean += likely * outcomes(_taken(_LOG, taken, first), good, seed)[row]
    np.testing.assert_allclose(mean, truth[row], atol=1e-9)


def test_rows_reckoned_by_hand() -> None:
    """Of four decisions the others' mean predicts each action, and what was taken is off by surprise / propensity."""
    log = _taken(World().experience(4), [0, 0, 1, 1], [0.5, 0.25, 0.2, 0.6])
    found = outcomes(log, np.array([1.0, 0.0, 1.0, 0.0]), 0)
    np.testing.assert_allclose(found, [[2, 0.5], [-3, 0.5], [0.5, 1.25], [0.5, -1.5]])
