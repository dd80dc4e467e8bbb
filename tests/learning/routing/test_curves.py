"""APGR and CPT: their values for scores whose curves are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.learning.routing.curves import ranking
from agentctl.learning.routing.measuring import best

WEAK = np.array([0.0, 1.0, 0.0, 1.0])
STRONG = np.array([1.0, 1.0, 1.0, 1.0])


def test_a_perfect_score_sends_what_the_weak_one_fails() -> None:
    """With half of the tasks in need, a perfect score recovers all at half of the calls: an area of 3/4."""
    found = ranking(1 - WEAK, WEAK, STRONG)
    assert (found.apgr, found.cpt50) == (0.75, 0.25)
    assert found.cpt80 == pytest.approx(0.4)


def test_a_score_that_is_the_wrong_way_round_costs_most() -> None:
    """The worst order recovers nothing before half of the calls."""
    found = ranking(WEAK, WEAK, STRONG)
    assert (found.apgr, found.cpt50) == (0.25, 0.75)
    assert found.cpt80 == pytest.approx(0.9)


def test_equal_scores_are_chance() -> None:
    """A score that says nothing has an area of one half, wherever the tasks stand in the file."""
    found = ranking(np.zeros(4), WEAK, STRONG)
    assert (found.apgr, found.cpt50) == (0.5, 0.5)
    assert found.cpt80 == pytest.approx(0.8)


def test_where_there_is_no_gap_nothing_is_recovered() -> None:
    """Where the dear action is not better, there are no figures."""
    assert ranking(np.arange(4.0), STRONG, WEAK).apgr is None
    assert ranking(np.arange(4.0), WEAK, WEAK).cpt50 is None


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_the_order_of_tasks_means_nothing(rows: list[tuple[float, bool, bool]]) -> None:
    """Shuffled tasks have the same area, and the opposite score has its complement."""
    scores, weak, strong = (np.array(one, np.float64) for one in zip(*rows, strict=True))
    found = ranking(scores, weak, strong).apgr
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    again = ranking(scores[order], weak[order], strong[order]).apgr
    opposite = ranking(-scores, weak, strong).apgr
    if found is None or opposite is None:
        assert again is None
    else:
        assert again == pytest.approx(found)
        assert found + opposite == pytest.approx(1)


def test_of_equal_learners_the_simplest_is_used() -> None:
    """The best APGR is selected, the first of equals; rewards count where they are asked for, or nothing ranks."""
    learners = {
        "ridge": {"apgr": 0.7, "reward": 0.1},
        "linucb": {"apgr": 0.7, "reward": 0.2},
        "ppo": {"apgr": 0.6, "reward": 0.3},
    }
    assert best(learners, by_reward=False) == "ridge"
    assert best(learners, by_reward=True) == "ppo"
    assert best({name: {**one, "apgr": None} for name, one in learners.items()}, by_reward=False) == "ppo"


def test_a_lead_that_may_be_chance_selects_nothing() -> None:
    """A learner that leads by less than what chance makes is not preferred to a simpler one."""
    learners = {"ridge": {"apgr": 0.695, "reward": 0.1}, "ppo": {"apgr": 0.7, "reward": 0.3}}
    assert best(learners, by_reward=False) == "ridge"
    assert best({**learners, "ppo": {"apgr": 0.72, "reward": 0.3}}, by_reward=False) == "ppo"
    earned = {"ridge": {"apgr": 0.1, "reward": 0.3}, "ppo": {"apgr": 0.9, "reward": 0.3015}}
    assert best(earned, by_reward=True) == "ridge"
    assert best({**earned, "ppo": {"apgr": 0.1, "reward": 0.31}}, by_reward=True) == "ppo"
