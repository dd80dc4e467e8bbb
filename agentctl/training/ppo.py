"""The clipped objective of PPO, and its derivatives by the network's outputs.

ratio = exp(log π(a|s) - log π_old(a|s))
loss  = mean(-min(ratio·A, clip(ratio, 1 - c, 1 + c)·A)) + w·½·mean(max((V - R)², (V_clipped - R)²)) - e·mean(H)
V_clipped = V_old + clip(V - V_old, -v, v)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from agentctl.training.categorical import Categorical, Integers, Mask
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.network import Floats, Network

LARGEST = 20.0
"""The logarithm of a ratio is held within ±20: its exponential is finite in float32, and far outside of any clip."""

ROUNDING = 8
"""Advantages that differ by as many units of the last place of their mean are equal."""


@dataclass(frozen=True)
class Minibatch:
    """Samples to learn from; observations (B, D), actions (choices, B), mask (actions, B), all else (B,)."""

    observations: Floats
    actions: Integers
    log_probabilities: Floats
    advantages: Floats
    returns: Floats
    values: Floats
    mask: Mask | None = None


class Losses(NamedTuple):
    """The parts of the objective before their weights, and how far the policy is from the old one.

    `kl` is the estimate mean((ratio - 1) - log ratio), never negative; `clip_fraction` is the share of ratios outside
    the clip.
    """

    policy: float = 0.0
    value: float = 0.0
    entropy: float = 0.0
    kl: float = 0.0
    clip_fraction: float = 0.0
    total: float = 0.0


def normalise(advantages: Floats) -> Floats:
    """Advantages with mean 0 and deviation 1 (with Bessel's correction).

    One alone has no deviation and stays as it is; equal ones say nothing of which action was better and become 0.
    """
    count = len(advantages)
    if count == 1:
        return advantages
    mean = np.add.reduce(advantages) / advantages.dtype.type(count)
    centred: Floats = advantages - mean
    deviation = math.sqrt(float(np.dot(centred, centred)) / (count - 1))
    if deviation <= ROUNDING * np.finfo(advantages.dtype).eps * abs(float(mean)):
        return np.zeros_like(advantages)
    centred *= 1 / (deviation + 1e-8)
    return centred


class Objective:
    """Computes losses and their derivatives for minibatches of one size.

    Args:
        actions: how many actions each choice has.
        batch: samples in a minibatch.
        dtype: the type of everything but actions and masks.
    """

    def __init__(self, actions: tuple[int, ...], batch: int, dtype: DTypeLike = np.float32) -> None:
        self.choices = Categorical(actions, batch, dtype)
        self._rows: Floats = np.empty((6, batch), dtype)
        self._flags: Mask = np.empty((2, batch), np.bool_)

    def gradient(self, network: Network, minibatch: Minibatch, weights: Hyperparameters) -> Losses:
        """Leave the objective's gradient in `network.gradient`, and return the losses."""
        logits, values = network.forward(minibatch.observations)
        self.choices.of(logits, minibatch.mask)
        policy, kl, outside, by_chosen = self._policy(minibatch, weights.clip)
        value, by_values = self._value(values, minibatch, weights)
        batch = len(values)
        by_logits = self.choices.gradient(by_chosen, -weights.entropy / batch)
        network.backward(minibatch.observations, by_logits, by_values)
        entropy = float(np.add.reduce(self.choices.entropy())) / batch
        total = policy + weights.value_weight * value - weights.entropy * entropy
        return Losses(policy, value, entropy, kl, outside, total)

    def _policy(self, minibatch: Minibatch, clip: float) -> tuple[float, float, float, Floats]:
        """The clipped objective, the KL estimate, the share outside the clip, the derivative by log-probabilities."""
        difference, ratio, clipped, gain, slope, _ = self._rows
        active, within = self._flags
        batch = len(ratio)
        np.subtract(self.choices.log_probability(minibatch.actions), minibatch.log_probabilities, out=difference)
        np.minimum(difference, LARGEST, out=ratio)
        np.maximum(ratio, -LARGEST, out=ratio)
        np.equal(ratio, difference, out=within)
        np.subtract(-1, ratio, out=difference)
        np.exp(ratio, out=ratio)
        np.add(ratio, difference, out=difference)
        kl = float(np.add.reduce(difference)) / batch
        np.minimum(ratio, 1 + clip, out=clipped)
        np.maximum(clipped, 1 - clip, out=clipped)
        np.not_equal(ratio, clipped, out=active)
        outside = np.count_nonzero(active) / batch
        np.multiply(ratio, minibatch.advantages, out=gain)
        np.multiply(clipped, minibatch.advantages, out=clipped)
        np.less_equal(gain, clipped, out=active)
        np.minimum(gain, clipped, out=clipped)
        loss = -float(np.add.reduce(clipped)) / batch
        np.logical_and(active, within, out=active)
        np.multiply(gain, active, out=slope)
        np.multiply(slope, -1 / batch, out=slope)
        return loss, kl, outside, slope

    def _value(self, values: Floats, minibatch: Minibatch, weights: Hyperparameters) -> tuple[float, Floats]:
        """Half the mean square of the value's error, and the weighted derivative by the values."""
        error, square, moved, held, _, slope = self._rows
        batch = len(values)
        np.subtract(values, minibatch.returns, out=error)
        np.multiply(error, error, out=square)
        np.multiply(error, weights.value_weight / batch, out=slope)
        if weights.value_clip is not None:
            # What the clip takes away is exactly 0 within it, where both errors are then the same to the bit.
            np.subtract(values, minibatch.values, out=moved)
            np.minimum(moved, weights.value_clip, out=held)
            np.maximum(held, -weights.value_clip, out=held)
            np.subtract(moved, held, out=moved)
            np.subtract(error, moved, out=held)
            np.multiply(held, held, out=held)
            active = self._flags[0]
            np.greater_equal(square, held, out=active)
            np.maximum(square, held, out=square)
            np.multiply(slope, active, out=slope)
        return float(np.add.reduce(square)) / (2 * batch), slope
