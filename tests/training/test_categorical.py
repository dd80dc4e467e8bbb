"""Choices among actions, some of them masked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.training.categorical import Categorical, NoLegalActionError
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner
from agentctl.training.network import Shape

MASK = np.array([[True], [False], [True], [False], [True]])
DRAWS = 20_000


def softmax(logits: Any) -> Any:
    """The probabilities, as a textbook has them."""
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=9), st.data())
def test_probabilities_and_entropy(logits: list[float], data: st.DataObject) -> None:
    """They are those of the softmax of the legal logits."""
    legal = data.draw(st.lists(st.booleans(), min_size=len(logits), max_size=len(logits)).filter(any))
    column = np.array(logits)[:, None]
    choices = Categorical((len(logits),), 1, np.float64)
    choices.of(column, np.array(legal)[:, None])
    expected = softmax(column[np.array(legal), 0])
    assert np.allclose(choices.probabilities[np.array(legal), 0], expected, atol=1e-12)
    assert not choices.probabilities[~np.array(legal)].any()
    surprise = -np.log(np.maximum(expected, 1e-300))
    assert choices.entropy()[0] == pytest.approx((expected * surprise).sum(), abs=1e-9)


def test_masked_actions_have_no_part() -> None:
    """Their probability, and the gradient by their logits, are exactly 0; one legal action alone has no entropy."""
    choices = Categorical((2, 3), 1, np.float64)
    choices.of(np.array([[0.1], [9.0], [0.4], [7.0], [-2.0]]), MASK)
    choices.log_probability(np.array([[0], [2]]))
    gradient = choices.gradient(np.array([0.7]), -0.3)
    assert not gradient[~MASK].any()
    assert gradient[[2, 4]].all()
    assert choices.entropy()[0] == pytest.approx(-sum(p * np.log(p) for p in choices.probabilities[[2, 4], 0]))
    alone = Categorical((2,), 1, np.float64)
    alone.of(np.array([[0.1], [9.0]]), MASK[:2])
    assert alone.entropy()[0] == 0
    alone.log_probability(np.array([[0]]))
    assert not alone.gradient(np.array([0.7]), -0.3).any()


def test_choices_made_at_once_add_up() -> None:
    """The log-probability of several choices is the sum of each one's, and so is the entropy."""
    rng = np.random.default_rng(0)
    logits, actions = rng.normal(size=(6, 7)), rng.integers(2, size=(3, 7))
    both = Categorical((2, 2, 2), 7, np.float64)
    both.of(logits)
    chosen, entropy = both.log_probability(actions).copy(), both.entropy()
    for head in range(3):
        alone = Categorical((2,), 7, np.float64)
        alone.of(logits[2 * head : 2 * head + 2])
        chosen -= alone.log_probability(actions[head : head + 1])
        entropy = entropy - alone.entropy()
    assert np.abs(chosen).max() < 1e-12
    assert np.abs(entropy).max() < 1e-12


@pytest.mark.parametrize("rows", [1, 3])
def test_no_legal_action_is_an_error(rows: int) -> None:
    """Nothing is chosen where a mask leaves nothing, be it in one choice of one row."""
    mask = np.ones((rows, 5), np.bool_)
    mask[-1, :2] = False
    learner = Learner(Shape(2, (2, 3)), Hyperparameters(), 0)
    for act in (
        lambda: learner.act(np.zeros((rows, 2)), np.random.default_rng(0), mask),
        lambda: learner.greedy(np.zeros((rows, 2)), mask),
    ):
        with pytest.raises(NoLegalActionError, match="masked"):
            act()


@pytest.mark.parametrize("rows", [1, 40])
def test_propensities_are_frequencies(rows: int) -> None:
    """What is said of how likely an action was is how often it is taken, after the mask, for one row and for many."""
    learner = Learner(Shape(2, (5,), (8,)), Hyperparameters(), 0)
    learner.parameters[:] = np.random.default_rng(1).normal(0, 1, learner.parameters.shape)
    observations, mask = np.tile([[0.4, -1.2]], (rows, 1)), np.tile(MASK.T, (rows, 1))
    rng = np.random.default_rng(2)
    counts, said = np.zeros(5), np.zeros(5)
    for _ in range(DRAWS // rows):
        acted = learner.act(observations, rng, mask)
        np.add.at(counts, acted.actions[:, 0], 1)
        said[acted.actions[:, 0]] = np.exp(acted.log_probabilities)
    assert not counts[~MASK[:, 0]].any()
    assert said.sum() == pytest.approx(1, abs=1e-5)
    deviations = np.sqrt(DRAWS * said * (1 - said))
    assert (np.abs(counts - DRAWS * said) <= 4 * deviations).all()
    assert learner.greedy(observations, mask)[0, 0] == said.argmax()


@pytest.mark.parametrize("masked", [False, True])
def test_one_row_is_as_in_a_batch(masked: bool) -> None:
    """The same chance gives the same actions, log-probabilities and values, one by one or all at once."""
    rng = np.random.default_rng(3)
    learner = Learner(Shape(3, (2, 3), (8, 6)), Hyperparameters(), 0)
    learner.parameters[:] = rng.normal(0, 1, learner.parameters.shape)
    observations = rng.normal(size=(50, 3))
    mask = np.tile(MASK.T, (50, 1)) if masked else None
    together = learner.act(observations, np.random.default_rng(4), mask)
    chance = np.random.default_rng(4)
    for at, observation in enumerate(observations):
        alone = learner.act(observation, chance, None if mask is None else mask[at])
        assert alone.actions.tolist() == [together.actions[at].tolist()]
        assert alone.log_probabilities[0] == pytest.approx(together.log_probabilities[at], abs=1e-5)
        assert alone.values[0] == pytest.approx(together.values[at], abs=1e-5)
        assert learner.values(observation)[0] == pytest.approx(together.values[at], abs=1e-5)
        assert (
            learner.greedy(observation, MASK.T)
            == learner.greedy(np.stack([observation] * 2), np.tile(MASK.T, (2, 1)))[0]
        ).all()
