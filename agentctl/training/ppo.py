"""The clipped objective of PPO, and its derivatives by the network's outputs.

ratio = exp(log π(a|s) − log π_old(a|s))
loss  = mean(−min(ratio·A, clip(ratio, 1 − c, 1 + c)·A)) + w·½·mean(max((V − R)², (V_clipped − R)²)) − e·mean(H)
V_clipped = V_old + clip(V − V_old, −v, v)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from agentctl.training.categorical import Categorical, Integers, Mask
from agentctl.training.network import Floats, Network

LARGEST = 20.0
"""The logarithm of a ratio is held within ±20: its exponential is finite in float32, and far outside of any clip."""


@dataclass(frozen=True)
class Weights:
    """What the objective is made of.

    Attributes:
        clip: how far a ratio may be from 1 and still be rewarded for going further.
        value_clip: how far a value may move from the old one, likewise; None where it may go anywhere.
        entropy: the weight of the entropy.
        value: the weight of the value's error.
    """

    clip: float = 0.2
    value_clip: float | None = 0.2
    entropy: float = 0.01
    value: float = 0.5


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


@dataclass(frozen=True)
class Losses:
    """The parts of the objective before their weights, and how far the policy is from the old one.

    `kl` is the estimate mean((ratio − 1) − log ratio), never negative; `clip_fraction` is the share of ratios outside
    the clip.
    """

    policy: float
    value: float
    entropy: float
    kl: float
    clip_fraction: float
    total: float


def normalise(advantages: Floats) -> Floats:
    """Advantages with mean 0 and deviation 1 along the last axis.

    One alone has no deviation and stays as it is; equal ones say nothing of which action was better and become 0.
    """
    if advantages.shape[-1] == 1:
        return advantages
    centred: Floats = advantages - advantages.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, ddof=1, keepdims=True)
    rounding = 4 * np.finfo(advantages.dtype).eps * np.abs(advantages).max(axis=-1, keepdims=True)
    return np.asarray(np.where(deviation > rounding, centred / (deviation + 1e-8), 0), advantages.dtype)


class Objective:
    """Computes losses and their derivatives for minibatches of one size.

    Args:
        actions: how many actions each choice has.
        batch: samples in a minibatch.
        dtype: the type of everything but actions and masks.
    """

    def __init__(self, actions: tuple[int, ...], batch: int, dtype: DTypeLike = np.float32) -> None:
        self._choices = Categorical(actions, batch, dtype)
        self._rows: Floats = np.empty((7, batch), dtype)
        self._flags: Mask = np.empty((2, batch), np.bool_)

    def gradient(self, network: Network, minibatch: Minibatch, weights: Weights) -> Losses:
        """Leave the objective's gradient in `network.gradient`, and return the losses."""
        logits, values = network.forward(minibatch.observations)
        self._choices.of(logits, minibatch.mask)
        policy, kl, outside, by_chosen = self._policy(minibatch, weights.clip)
        value, by_values = self._value(values, minibatch, weights)
        batch = len(values)
        by_logits = self._choices.gradient(by_chosen, -weights.entropy / batch)
        network.backward(minibatch.observations, by_logits, by_values[None])
        entropy = float(np.add.reduce(self._choices.entropy())) / batch
        total = policy + weights.value * value - weights.entropy * entropy
        return Losses(policy, value, entropy, kl, outside, total)

    def _policy(self, minibatch: Minibatch, clip: float) -> tuple[float, float, float, Floats]:
        """The clipped objective, the KL estimate, the share outside the clip, the derivative by log-probabilities."""
        difference, ratio, clipped, gain, slope, *_ = self._rows
        active, within = self._flags
        batch = len(ratio)
        np.subtract(self._choices.log_probability(minibatch.actions), minibatch.log_probabilities, out=difference)
        np.clip(difference, -LARGEST, LARGEST, out=ratio)
        np.equal(ratio, difference, out=within)
        difference[:] = ratio
        np.exp(ratio, out=ratio)
        kl = float(np.add.reduce(ratio) - np.add.reduce(difference)) / batch - 1
        np.clip(ratio, 1 - clip, 1 + clip, out=clipped)
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

    def _value(self, values: Floats, minibatch: Minibatch, weights: Weights) -> tuple[float, Floats]:
        """Half the mean square of the value's error, and the weighted derivative by the values."""
        error, square, *_, clipped, slope = self._rows
        batch = len(values)
        np.subtract(values, minibatch.returns, out=error)
        np.multiply(error, error, out=square)
        np.multiply(error, weights.value / batch, out=slope)
        if weights.value_clip is not None:
            np.subtract(values, minibatch.values, out=clipped)
            np.clip(clipped, -weights.value_clip, weights.value_clip, out=clipped)
            np.add(clipped, minibatch.values, out=clipped)
            np.subtract(clipped, minibatch.returns, out=clipped)
            np.multiply(clipped, clipped, out=clipped)
            active = self._flags[0]
            np.greater_equal(square, clipped, out=active)
            np.maximum(square, clipped, out=square)
            np.multiply(slope, active, out=slope)
        return float(np.add.reduce(square)) / (2 * batch), slope
