"""A learner: a network, how it acts, and how it gets better by PPO."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agentctl.training.adam import Adam
from agentctl.training.batch import Acted, Batch, BatchError, Floats32
from agentctl.training.categorical import Categorical, Integers, Mask
from agentctl.training.network import Network, Shape
from agentctl.training.ppo import Losses, Minibatch, Objective, Weights, normalise


@dataclass(frozen=True)
class Hyperparameters:
    """How a learner learns.

    Attributes:
        learning_rate: the length of Adam's steps.
        anneal: whether it goes down to 0 as training goes on.
        epochs: how often each sample is learnt from.
        minibatch: samples in a step.
        clip, value_clip, entropy, value_weight: see the objective.
        max_grad_norm: gradients are cut to this length.
        target_kl: an epoch that takes the policy further than this from the one that acted is the last; None: none is.
        normalise: whether a minibatch's advantages get mean 0 and deviation 1.
        gamma: how much a reward counts a step earlier.
        lam: how far advantages trust what was met rather than values.
    """

    learning_rate: float = 2.5e-4
    anneal: bool = True
    epochs: int = 4
    minibatch: int = 256
    clip: float = 0.2
    value_clip: float | None = 0.2
    entropy: float = 0.01
    value_weight: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float | None = None
    normalise: bool = True
    gamma: float = 0.99
    lam: float = 0.95


@dataclass(frozen=True)
class Update:
    """What an update did: means over its last epoch, the largest gradient before it was cut, and the epochs it ran.

    `restored` says that a loss, gradient or parameter was not finite, and all is as it was before the update.
    """

    policy_loss: float
    value_loss: float
    entropy: float
    kl: float
    clip_fraction: float
    gradient_norm: float
    epochs: int
    restored: bool


class Learner:
    """Acts, and learns from what came of it.

    Args:
        shape: the network's sizes.
        hyperparameters: how it learns.
        seed: of the first parameters and the order of samples; the same seed and batches give the same bits.
    """

    def __init__(self, shape: Shape, hyperparameters: Hyperparameters, seed: int) -> None:
        self.shape, self.hyperparameters = shape, hyperparameters
        self._rng = np.random.default_rng(seed)
        self._network = Network(shape)
        self._network.layers.initialise(self._rng)
        self._adam = Adam(self._network.parameters)
        self._choices: dict[int, Categorical] = {}
        self._objectives: dict[int, Objective] = {}
        self._weights = Weights(
            hyperparameters.clip, hyperparameters.value_clip, hyperparameters.entropy, hyperparameters.value_weight
        )

    @property
    def parameters(self) -> Floats32:
        """Every parameter, flat."""
        return self._network.parameters  # type: ignore[return-value]

    @property
    def sha256(self) -> str:
        """The hash of the parameters."""
        return hashlib.sha256(self.parameters.tobytes()).hexdigest()

    def act(self, observations: ArrayLike, rng: np.random.Generator, mask: Mask | None = None) -> Acted:
        """Draw actions for observations (B, D), or for one (D,), which is a batch of one.

        Raises:
            BatchError: an observation is not finite or has another size.
            NoLegalActionError: a choice has no action that is allowed.
        """
        choices, values = self._look(observations, mask)
        actions = choices.sample(rng)
        return Acted(actions.T, choices.log_probability(actions).copy(), values.copy())  # type: ignore[arg-type]

    def greedy(self, observations: ArrayLike, mask: Mask | None = None) -> Integers:
        """The likeliest actions (B, choices); else as `act`."""
        return self._look(observations, mask)[0].greedy().T

    def values(self, observations: ArrayLike) -> Floats32:
        """The values of observations, (B,)."""
        return self._network.forward(self._checked(observations))[1].copy()  # type: ignore[return-value]

    def _checked(self, observations: ArrayLike) -> Floats32:
        checked = np.atleast_2d(np.asarray(observations, np.float32))
        if checked.ndim != 2 or checked.shape[1] != self.shape.observation:
            raise BatchError(f"the observations have shape {checked.shape}, not (batch, {self.shape.observation})")
        if not math.isfinite(np.add.reduce(checked, axis=None)) and not np.isfinite(checked).all():
            raise BatchError("an observation is not finite")
        return checked

    def _look(self, observations: ArrayLike, mask: Mask | None) -> tuple[Categorical, Floats32]:
        checked = self._checked(observations)
        choices = self._choices.get(len(checked))
        if choices is None:
            choices = self._choices[len(checked)] = Categorical(self.shape.actions, len(checked))
        logits, values = self._network.forward(checked)
        choices.of(logits, None if mask is None else np.atleast_2d(mask).T)
        return choices, values  # type: ignore[return-value]

    def update(self, batch: Batch, progress: float) -> Update:
        """Learn from samples, `progress` (0 to 1) of the way through training.

        Raises:
            BatchError: they are not what can be learnt from.
        """
        if not 0 <= progress <= 1:
            raise BatchError(f"progress goes from 0 to 1, and is {progress}")
        batch.check(self.shape)
        rate = self.hyperparameters.learning_rate * (1 - progress if self.hyperparameters.anneal else 1)
        good = self._moving()
        longest = 0.0
        for epoch in range(self.hyperparameters.epochs):
            losses, norm = self._epoch(batch, rate)
            longest = max(longest, norm)
            if not math.isfinite(norm) or not math.isfinite(float(np.add.reduce(self.parameters))):
                self._move(good)
                return Update(*losses, longest, epoch + 1, restored=True)
            if self.hyperparameters.target_kl is not None and losses[3] > self.hyperparameters.target_kl:
                break
        return Update(*losses, longest, epoch + 1, restored=False)

    def _epoch(self, batch: Batch, rate: float) -> tuple[tuple[float, float, float, float, float], float]:
        """One pass over all samples in a new order; the mean losses and the largest gradient, NaN if one is not finite."""
        order = self._rng.permutation(len(batch))
        size = self.hyperparameters.minibatch
        sums = np.zeros(5)
        longest = 0.0
        for start in range(0, len(batch), size):
            minibatch = self._gather(batch, order[start : start + size])
            losses, norm = self._step(minibatch, rate)
            parts = (losses.policy, losses.value, losses.entropy, losses.kl, losses.clip_fraction)
            sums += np.array(parts) * (len(minibatch.values) / len(batch))
            longest = max(longest, norm)
            if not math.isfinite(losses.total + norm):
                return tuple(sums.tolist()), math.nan
        return tuple(sums.tolist()), longest

    def _gather(self, batch: Batch, rows: Integers) -> Minibatch:
        advantages = batch.advantages[rows]
        return Minibatch(
            batch.observations[rows],
            batch.actions[rows].T,
            batch.log_probabilities[rows],
            normalise(advantages) if self.hyperparameters.normalise else advantages,  # type: ignore[arg-type]
            batch.returns[rows],
            batch.values[rows],
            None if batch.mask is None else batch.mask[rows].T,
        )

    def _step(self, minibatch: Minibatch, rate: float) -> tuple[Losses, float]:
        size = len(minibatch.values)
        objective = self._objectives.get(size)
        if objective is None:
            objective = self._objectives[size] = Objective(self.shape.actions, size)
        losses = objective.gradient(self._network, minibatch, self._weights)
        gradient = self._network.gradient
        norm = math.sqrt(float(np.dot(gradient, gradient)))
        if math.isfinite(losses.total + norm):
            scale = self.hyperparameters.max_grad_norm / (norm + 1e-6)
            if scale < 1:
                np.multiply(gradient, scale, out=gradient)
            self._adam.step(self._network.parameters, gradient, rate)
        return losses, norm

    def _moving(self) -> dict[str, NDArray[Any]]:
        return {
            "parameters": self._network.parameters.copy(),
            "first": self._adam.first.copy(),
            "second": self._adam.second.copy(),
            "steps": np.array(self._adam.steps, np.int64),
        }

    def _move(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._network.parameters[:] = state["parameters"]
        self._adam.first[:] = state["first"]
        self._adam.second[:] = state["second"]
        self._adam.steps = int(state["steps"])

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next update depends on, as arrays that `restore` takes."""
        rng = json.dumps(self._rng.bit_generator.state, sort_keys=True).encode()
        return {**self._moving(), "rng": np.frombuffer(rng, np.uint8).copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on, to the bit, from what `state` gave.

        Raises:
            BatchError: it is not a state of such a learner.
        """
        for name, now in self._moving().items():
            if name not in state or state[name].shape != now.shape or not np.isfinite(state[name]).all():
                raise BatchError(f"this is no state of a learner of this shape: {name}")
        try:
            self._rng.bit_generator.state = json.loads(state["rng"].tobytes())
        except (KeyError, ValueError, TypeError) as error:
            raise BatchError("this is no state of a learner: its random numbers can't be read") from error
        self._move(state)
