"""Gradients written by hand against differences, in float64, for every parameter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.samples import CASES, sample

from agentctl.training.batch import Batch
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.network import Network, Shape
from agentctl.training.ppo import Minibatch, Objective

DEEP = (Shape(3, (2, 3), (5, 4, 3)), Hyperparameters(value_weight=0.7, entropy=0.05), True)
STEP = 1e-5
RELATIVE = 1e-6
NOISE = 1e-10  # of a difference of two losses about 1, over two steps


def network(shape: Shape, seed: int) -> Network:
    """A network with parameters that are far from where it would begin, so that each of them matters."""
    made = Network(shape, np.float64)
    made.parameters[:] = np.random.default_rng(seed).normal(0, 0.5, made.parameters.shape)
    return made


def double(batch: Batch) -> Minibatch:
    """The samples in float64, (…, batch)."""
    return Minibatch(
        batch.observations.astype(np.float64),
        batch.actions.T,
        batch.log_probabilities.astype(np.float64),
        batch.advantages.astype(np.float64),
        batch.returns.astype(np.float64),
        batch.values.astype(np.float64),
        None if batch.mask is None else batch.mask.T,
    )


def near(made: Network, minibatch: Minibatch, actions: tuple[int, ...], seed: int) -> Minibatch:
    """The samples with old log-probabilities and values such that about half of them are within the clips."""
    rng = np.random.default_rng(seed)
    logits, values = made.forward(minibatch.observations)
    choices = Objective(actions, len(values), np.float64).choices
    choices.of(logits, minibatch.mask)
    moved = np.minimum(choices.log_probability(minibatch.actions) + rng.normal(0, 0.3, len(values)), 0)
    return replace(minibatch, log_probabilities=moved, values=values + rng.normal(0, 0.3, len(values)))


def differences(made: Network, minibatch: Minibatch, hyper: Hyperparameters) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The loss's central difference for each parameter."""
    objective = Objective(made.shape.actions, len(minibatch.values), np.float64)

    def loss() -> float:
        return objective.gradient(made, minibatch, hyper).total

    found = np.empty(made.parameters.shape)
    for at, value in enumerate(made.parameters.tolist()):
        made.parameters[at] = value + STEP
        above = loss()
        made.parameters[at] = value - STEP
        found[at] = (above - loss()) / (2 * STEP)
        made.parameters[at] = value
    return found


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("case", [*CASES.values(), DEEP], ids=[*CASES, "deep"])
def test_every_parameter(case: tuple[Shape, Hyperparameters, bool], seed: int) -> None:
    """The gradient is within 1e-6 of the difference, for each parameter relative to itself."""
    shape, hyper, masked = case
    made = network(shape, seed)
    samples = near(made, double(sample(shape, 24, np.random.default_rng(seed), masked=masked)), shape.actions, seed)
    losses = Objective(shape.actions, 24, np.float64).gradient(made, samples, hyper)
    assert 0.2 < losses.clip_fraction < 0.8
    gradient = made.gradient.copy()
    expected = differences(made, samples, hyper)
    assert np.count_nonzero(expected) > 0.9 * expected.size
    assert (np.abs(gradient - expected) <= RELATIVE * np.abs(expected) + NOISE).all()


def one(ratio: float, advantage: float, *, value: float = 0.0, target: float = 0.0) -> tuple[Network, Minibatch]:
    """A network, and one sample whose ratio is as said; its old value is `value` below what it is now."""
    made = network(Shape(2, (3,), (4,)), 3)
    observations = np.array([[0.3, -0.8]])
    logits, values = made.forward(observations)
    choices = Objective((3,), 1, np.float64).choices
    choices.of(logits)
    actions = np.array([[1]])
    old = choices.log_probability(actions) - np.log(ratio)
    now = values.copy()
    return made, Minibatch(observations, actions, old, np.array([advantage]), now + target, now - value)


POLICY_ALONE = Hyperparameters(entropy=0, value_weight=0)
VALUE_ALONE = Hyperparameters(entropy=0, clip=0.2)


@pytest.mark.parametrize(
    ("ratio", "advantage", "pushes"),
    [(1.3, 1, False), (1.3, -1, True), (0.7, 1, True), (0.7, -1, False), (1.1, 1, True), (0.9, -1, True)],
)
def test_clip_of_ratios(ratio: float, advantage: float, pushes: bool) -> None:
    """A ratio that went far enough the way its advantage points goes no further; one that went astray comes back."""
    made, samples = one(ratio, advantage)
    losses = Objective((3,), 1, np.float64).gradient(made, samples, POLICY_ALONE)
    held = min(max(ratio, 0.8), 1.2)
    assert losses.policy == pytest.approx(-min(ratio * advantage, held * advantage))
    assert made.gradient.any() == pushes
    assert np.abs(made.gradient.copy() - differences(made, samples, POLICY_ALONE)).max() < NOISE


@pytest.mark.parametrize(
    ("value", "target", "pushes"),
    [(0.5, 1, True), (0.5, -1, True), (0.1, 1, True), (-0.5, -1, True), (0.5, 0.2, False)],
)
def test_clip_of_values(value: float, target: float, pushes: bool) -> None:
    """The larger of both errors counts: a value that moved too far is pulled only while its own error is larger."""
    made, samples = one(1, 0, value=value, target=target)
    losses = Objective((3,), 1, np.float64).gradient(made, samples, VALUE_ALONE)
    error, held = target, target + value - min(max(value, -0.2), 0.2)
    assert losses.value == pytest.approx(max(error**2, held**2) / 2)
    assert made.gradient.any() == (pushes and abs(error) >= abs(held))
    assert np.abs(made.gradient.copy() - differences(made, samples, VALUE_ALONE)).max() < NOISE


@pytest.mark.parametrize(("old", "advantage"), [(-1e4, 1), (-1e4, -1), (-1e-9, -1)])
def test_log_ratios_are_clamped(old: float, advantage: float) -> None:
    """However unlikely an action was, losses and gradients stay finite, and no ratio is above e²⁰."""
    made, samples = one(1, advantage)
    losses = Objective((3,), 1, np.float64).gradient(
        made, replace(samples, log_probabilities=np.array([old])), POLICY_ALONE
    )
    assert np.isfinite(losses).all()
    assert abs(losses.policy) <= np.exp(20) * 1.0001
    assert np.isfinite(made.gradient).all()


def test_more_entropy_is_a_smaller_loss() -> None:
    """A step against the gradient of the entropy's part alone makes the policy less sure."""
    shape = Shape(2, (4,), (6,))
    hyper = Hyperparameters(entropy=1, value_weight=0)
    made = network(shape, 5)
    samples = replace(double(sample(shape, 16, np.random.default_rng(5))), advantages=np.zeros(16))
    objective = Objective(shape.actions, 16, np.float64)
    before = objective.gradient(made, samples, hyper).entropy
    made.parameters[:] -= 0.01 * made.gradient
    assert objective.gradient(made, samples, hyper).entropy > before
