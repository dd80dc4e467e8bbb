"""Off-policy estimates: right where they must be, with intervals that hold, and of no log that has a flaw."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agentctl.training import ope
from agentctl.training.ope import Estimate, Logged, LoggedError

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
EXAMPLES = 500 if FULL else 25
ROWS = 500
SEEDS = st.integers(0, 2**32 - 1)
Table = NDArray[np.float64]


def softmax(scores: Table) -> Table:
    """Probabilities that add up to 1."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def world(rows: int, seed: int, actions: int = 2) -> tuple[NDArray[np.float32], Table]:
    """Features, and what each action earns at each row: success, by features, minus a cost."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 6)).astype(np.float32)
    odds = 1 / (1 + np.exp(-features[:, :actions] - 0.4 * np.abs(features[:, 2:3])))
    return features, (rng.random((rows, actions)) < odds) - 0.1 * np.arange(actions)


def log(features: NDArray[np.float32], rewards: Table, logger: Table, rng: np.random.Generator) -> Logged:
    """What a policy that chooses with these probabilities would have logged."""
    count, actions = rewards.shape
    chosen = (rng.random((count, 1)) > logger.cumsum(axis=1)[:, :-1]).sum(axis=1)
    rows = np.arange(count)
    return Logged(features, chosen, logger[rows, chosen], rewards[rows, chosen], np.ones((count, actions), np.bool_))


def some_log(seed: int, rows: int = 60, actions: int = 3) -> tuple[Logged, Table, Table]:
    """A log of a random policy, the rewards of all actions, and another random policy."""
    rng = np.random.default_rng(seed)
    features, rewards = world(rows, seed, actions)
    logger, target = (softmax(rng.normal(size=(rows, actions))) for _ in range(2))
    return log(features, rewards, logger, rng), rewards, target


@settings(max_examples=EXAMPLES)
@given(seed=SEEDS)
def test_ips_and_dr_are_unbiased(seed: int) -> None:
    """Over all that a policy could have logged, each as likely as it is, both are what the other policy would earn."""
    rng = np.random.default_rng(seed)
    rewards = rng.normal(size=(1, 3))
    logger, target = softmax(rng.normal(size=(1, 3))), softmax(rng.normal(size=(1, 3)))
    wrong = rng.normal(size=(1, 3))  # predictions
    expected = {"ips": 0.0, "dr": 0.0}
    for action in range(3):
        one = Logged(
            np.zeros((1, 1), np.float32),
            np.array([action]),
            logger[:, action],
            rewards[:, action],
            np.ones((1, 3), np.bool_),
        )
        expected["ips"] += logger[0, action] * ope.ips(one, target).value
        expected["dr"] += logger[0, action] * ope.dr(one, target, predictions=wrong).value
    assert list(expected.values()) == pytest.approx([(target * rewards).sum()] * 2)


@settings(max_examples=EXAMPLES)
@given(seed=SEEDS, shift=st.floats(-100, 100))
def test_snips_moves_with_the_rewards(seed: int, shift: float) -> None:
    """A reward that is higher by c everywhere makes the estimate and its bounds higher by c, and changes no weight."""
    logged, _, target = some_log(seed)
    before, after = (ope.snips(one, target) for one in (logged, replace(logged, rewards=logged.rewards + shift)))
    moved = (before.value + shift, before.low + shift, before.high + shift)
    assert (after.value, after.low, after.high) == pytest.approx(moved, abs=1e-9)
    assert after.effective_sample_size == before.effective_sample_size


@settings(max_examples=EXAMPLES)
@given(seed=SEEDS)
def test_dr_with_right_predictions_is_exact(seed: int) -> None:
    """Where predictions are right the estimate is what the policy earns on these rows, whatever was chosen."""
    logged, rewards, target = some_log(seed)
    truth = (target * rewards).sum(axis=1).mean()
    assert ope.dr(logged, target, predictions=rewards).value == pytest.approx(truth)
    assert ope.dm(logged, target, predictions=rewards).value == pytest.approx(truth)


@settings(max_examples=EXAMPLES)
@given(seed=SEEDS)
def test_the_policy_of_the_log_earned_what_it_earned(seed: int) -> None:
    """Of the policy that logged, where it chose for certain, every estimate by weights is the mean reward."""
    logged, _, _ = some_log(seed)
    certain = replace(logged, propensities=np.ones(len(logged)))
    same = np.eye(3)[logged.actions]
    for estimate in (ope.ips(certain, same), ope.snips(certain, same), ope.dr(certain, same)):
        assert estimate.value == pytest.approx(logged.rewards.mean())
        assert estimate.effective_sample_size == pytest.approx(len(logged))
        assert estimate.support == 1


def test_values_worked_by_hand() -> None:
    """Three rows, two actions: each estimate is the number that pencil and paper give."""
    logged = Logged(
        np.zeros((3, 1), np.float32),
        np.array([0, 1, 1]),
        np.array([0.5, 0.25, 0.5]),
        np.array([1.0, 2.0, -1.0]),
        np.ones((3, 2), np.bool_),
    )
    target = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])  # weights 2, 2, 2
    predictions = np.array([[0.5, 9.0], [1.0, 1.0], [9.0, 0.0]])
    assert ope.weights(logged, target).tolist() == [2, 2, 2]
    assert ope.weights(logged, target, clip=1.5).tolist() == [1.5, 1.5, 1.5]
    assert ope.ips(logged, target).value == pytest.approx(4 / 3)
    assert ope.snips(logged, target).value == pytest.approx(2 / 3)
    assert ope.dm(logged, target, predictions=predictions).value == pytest.approx(1.5 / 3)
    assert ope.dr(logged, target, predictions=predictions).value == pytest.approx((1.5 + 2 * (0.5 + 1 - 1)) / 3)
    assert ope.dr(logged, target, predictions=predictions, clip=0).value == pytest.approx(1.5 / 3)


def greedy(features: NDArray[np.float32]) -> Table:
    """A policy that explores in a tenth of all rows."""
    return np.asarray(0.9 * np.eye(2)[(features[:, 1] > 0).astype(int)] + 0.05)


def soft(features: NDArray[np.float32]) -> Table:
    """A policy that chooses by odds."""
    return softmax(np.stack([features[:, 3], 0 * features[:, 3]], axis=1).astype(np.float64))


@pytest.mark.parametrize("logger", [greedy, soft])
def test_the_interval_of_dr_covers_the_truth(logger: Callable[[NDArray[np.float32]], Table]) -> None:
    """Of 100 logs of a table in which all outcomes are known, the 95 % interval has the truth in it in 90 or more."""
    features, rewards = world(2 * ROWS, 1)
    target = np.eye(2)[(features[:, 0] < 0.2).astype(int)]
    truth = (target * rewards).sum(axis=1).mean()
    covered, widths = 0, []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        drawn = rng.integers(0, len(features), len(features))
        logged = log(features[drawn], rewards[drawn], logger(features[drawn]), rng)
        found = ope.dr(logged, target[drawn], seed=seed, resamples=1000)
        covered += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    assert covered >= 90
    assert np.mean(widths) < 0.35  # an interval of everything would cover it too


def test_the_direct_method_can_be_confidently_wrong() -> None:
    """Where what decides is in no feature, predictions are wrong, DM is sure of them, and DR finds the truth."""
    rng = np.random.default_rng(3)
    rewards = np.stack([np.ones(4000), rng.random(4000) < 0.5], axis=1).astype(np.float64)
    logger = np.where(rewards[:, 1:] > 0, [0.2, 0.8], [0.8, 0.2])  # it tries action 1 where that succeeds
    logged = log(np.zeros((4000, 2), np.float32), rewards, logger, rng)
    always = np.tile([0.0, 1.0], (4000, 1))
    direct, robust = ope.dm(logged, always), ope.dr(logged, always)
    assert direct.low > 0.7
    assert robust.low <= 0.5 <= robust.high < 0.6


def test_predictions_are_cross_fitted() -> None:
    """No row's prediction depends on its own reward, and what can be learned is."""
    features, _ = world(ROWS, 5)
    rewards = np.stack([features[:, 0], -features[:, 0]], axis=1).astype(np.float64)
    rng = np.random.default_rng(0)
    logged = log(features, rewards, np.full((ROWS, 2), 0.5), rng)
    predicted = ope.cross_fitted(logged)
    assert np.abs(predicted - rewards).max() < 0.01
    changed = logged.rewards.copy()
    changed[17] += 1e6
    again = ope.cross_fitted(replace(logged, rewards=changed))
    assert again[17] == pytest.approx(predicted[17], abs=1e-6)
    assert np.abs(again - predicted).max() > 1


@pytest.mark.parametrize("rows", [1, 2, 3, 20])
def test_a_handful_of_rows_is_no_trouble(rows: int) -> None:
    """Also of less than any model could be fitted to there are estimates, and they are numbers."""
    logged, _, target = some_log(1, rows)
    wide = replace(logged, features=np.random.default_rng(0).normal(size=(rows, 300)).astype(np.float32))
    for estimator in (ope.ips, ope.snips, ope.dm, ope.dr):
        found = estimator(wide, target)
        assert np.isfinite([found.value, found.low, found.high, found.effective_sample_size]).all()
        assert found.low <= found.high


def test_support_is_the_share_that_was_tried() -> None:
    """What was never tried, was not allowed, or was all but never tried is not supported."""
    logged, _, _ = some_log(2, rows=4, actions=2)
    first, second = (np.tile(one, (4, 1)) for one in ([1.0, 0.0], [0.0, 1.0]))
    never = replace(logged, actions=np.zeros(4, np.int64), propensities=np.ones(4))
    assert (ope.support(never, first), ope.support(never, second)) == (1, 0)
    assert ope.support(never, 0.75 * first + 0.25 * second) == 0.75
    hardly = replace(never, propensities=np.full(4, 0.999))
    assert (ope.support(hardly, second), ope.support(hardly, second, floor=1e-4)) == (0, 1)
    forbidden = replace(never, propensities=np.full(4, 0.5), mask=np.tile([True, False], (4, 1)))
    assert (ope.support(forbidden, first), ope.support(forbidden, second)) == (1, 0)
    assert ope.snips(never, second).value == 0


@settings(max_examples=EXAMPLES)
@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_bits(seed: int) -> None:
    """Estimates and bounds are a function of the log and the seed; the bounds hold the estimate between them."""
    logged, _, target = some_log(seed)
    for estimator in (ope.ips, ope.snips, ope.dm, ope.dr):
        one: Estimate = estimator(logged, target, seed=4)
        assert one == estimator(logged, target, seed=4)
        assert one.low <= one.value <= one.high
        assert 0 <= one.effective_sample_size <= len(logged) + 1e-9
    assert ope.ips(logged, target, seed=1).low != ope.ips(logged, target, seed=2).low


def test_more_confidence_is_wider() -> None:
    """An interval at 99 % holds the one at 80 %."""
    logged, _, target = some_log(9)
    narrow, wide = (ope.dr(logged, target, confidence=one) for one in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("propensities", np.nan, "the propensity is missing (in row 2)"),
        ("propensities", 0.0, "the propensity is not above 0 and at most 1: 0.0 (in row 2)"),
        ("propensities", -0.5, "not above 0"),
        ("propensities", 1.5, "at most 1: 1.5"),
        ("rewards", np.nan, "the reward is no number: nan (in row 2)"),
        ("rewards", np.inf, "the reward is no number: inf"),
        ("actions", 3, "the action is none of those there are: 3 (in row 2)"),
        ("actions", -1, "the action is none of those there are: -1"),
        ("features", np.nan, "features are not all numbers (in row 2)"),
        ("mask", False, "the action is one that was not allowed"),
    ],
)
def test_a_flaw_in_the_log_is_refused(column: str, value: float, said: str) -> None:
    """A log with a value that is missing or makes no sense is refused, with which it is and where."""
    logged, _, _ = some_log(3)
    changed = getattr(logged, column).copy()
    changed[2] = value
    with pytest.raises(LoggedError) as caught:
        replace(logged, **{column: changed})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "columns",
    [
        {"propensities": [0.5, None, 0.5]},
        {"propensities": ["much", "more", "most"]},
        {"rewards": [1.0]},
        {"actions": [0.0, 1.5, 0.0]},
        {"actions": [[0], [1], [0]]},
        {"mask": [True, True, True]},
        {"slices": ["a"]},
        {name: [] for name in ("actions", "propensities", "rewards")}
        | {"features": np.zeros((0, 1)), "mask": np.zeros((0, 2))},
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, Any]) -> None:
    """Columns of other lengths, shapes or kinds, values that are not there, and an empty log are refused."""
    whole: dict[str, Any] = {
        "features": np.zeros((3, 1)),
        "actions": [0, 1, 0],
        "propensities": [0.5, 0.5, 0.5],
        "rewards": [1.0, 0.0, 1.0],
        "mask": np.ones((3, 2), np.bool_),
    }
    assert len(Logged(**whole)) == 3
    with pytest.raises(LoggedError):
        Logged(**{**whole, **columns})


def test_what_is_no_policy_is_refused() -> None:
    """Probabilities that are of another shape, negative, no numbers, or do not add up to 1 are refused."""
    logged, _, target = some_log(4)
    for wrong in (target[:-1], target[:, :2], -target, 2 * target, np.where(target > 0.5, np.nan, target)):
        with pytest.raises(LoggedError):
            ope.dr(logged, wrong)
    with pytest.raises(LoggedError, match="predictions"):
        ope.dr(logged, target, predictions=np.zeros((2, 2)))
