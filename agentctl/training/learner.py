"""A learner: a network, how it acts, and how it gets better by PPO."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agentctl.training.acting import Actor
from agentctl.training.adam import Adam
from agentctl.training.batch import Acted, Batch, BatchError, Floats32
from agentctl.training.categorical import Integers, Mask
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.network import Network, Shape
from agentctl.training.ppo import Losses, Minibatch, Objective, normalise


@dataclass(frozen=True)
class Update:
    """What an update did: means over its last epoch, the longest gradient before it was cut, and the epochs it ran.

    `restored` says that a loss, a gradient or a parameter was not finite, and that all is as it was before the update.
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
        self._actor = Actor(self._network)
        self._adam = Adam(self._network.parameters)
        self._objectives: dict[int, Objective] = {}

    @property
    def parameters(self) -> Floats32:
        """Every parameter, flat."""
        return self._network.parameters

    @property
    def sha256(self) -> str:
        """The hash of the parameters."""
        return hashlib.sha256(self.parameters.tobytes()).hexdigest()

    def act(self, observations: ArrayLike, rng: np.random.Generator, mask: Mask | None = None) -> Acted:
        """Draw actions for observations (B, D), or for one (D,), which is a batch of one.

        Args:
            observations: what to act on.
            rng: where chance comes from.
            mask: which actions are allowed, (B, all choices' actions); all are if there is none.

        Raises:
            BatchError: an observation is not finite, or an array has another size.
            NoLegalActionError: a choice has no action that is allowed.
        """
        return self._actor.act(observations, rng, mask)

    def greedy(self, observations: ArrayLike, mask: Mask | None = None) -> Integers:
        """The likeliest actions (B, choices); else as `act`."""
        return self._actor.greedy(observations, mask)

    def values(self, observations: ArrayLike) -> Floats32:
        """The values of observations, (B,)."""
        return self._actor.values(observations)

    def update(self, batch: Batch, progress: float) -> Update:
        """Learn from samples, `progress` (0 to 1) of the way through training.

        Raises:
            BatchError: nothing can be learnt from them.
        """
        if not 0 <= progress <= 1:
            raise BatchError(f"progress goes from 0 to 1, and is {progress}")
        batch.check(self.shape)
        hyper = self.hyperparameters
        rate = hyper.learning_rate * (1 - progress if hyper.anneal else 1)
        good = self._moving()
        longest, epoch = 0.0, 0
        while True:
            epoch += 1
            means, norm = self._epoch(batch, rate)
            longest = max(longest, norm)
            if not math.isfinite(norm + float(np.add.reduce(self.parameters))):
                self._move(good)
                return _update(means, norm, epoch, restored=True)
            if epoch == hyper.epochs or (hyper.target_kl is not None and means.kl > hyper.target_kl):
                return _update(means, longest, epoch, restored=False)

    def _epoch(self, batch: Batch, rate: float) -> tuple[Losses, float]:
        """Learn from all samples in a new order; the mean losses, and the longest gradient: NaN ends it."""
        means, longest = Losses(), 0.0
        for minibatch in self._minibatches(batch):
            losses, norm = self._step(minibatch, rate)
            share = len(minibatch.values) / len(batch)
            means = Losses(*(mean + share * loss for mean, loss in zip(means, losses, strict=True)))
            if not math.isfinite(losses.total + norm):
                return means, math.nan
            longest = max(longest, norm)
        return means, longest

    def _minibatches(self, batch: Batch) -> Iterator[Minibatch]:
        order = self._rng.permutation(len(batch))
        size = self.hyperparameters.minibatch
        for start in range(0, len(order), size):
            # `take` that need not check the indices is twice as fast as an index
            rows = partial(np.take, indices=order[start : start + size], axis=0, mode="clip")
            advantages = rows(batch.advantages)
            yield Minibatch(
                rows(batch.observations),
                rows(batch.actions).T,
                rows(batch.log_probabilities),
                normalise(advantages) if self.hyperparameters.normalise else advantages,
                rows(batch.returns),
                rows(batch.values),
                None if batch.mask is None else rows(batch.mask).T,
            )

    def _step(self, minibatch: Minibatch, rate: float) -> tuple[Losses, float]:
        """Take one step, if it is finite; the losses, and the length of the gradient before it is cut."""
        size = len(minibatch.values)
        objective = self._objectives.get(size)
        if objective is None:
            objective = self._objectives[size] = Objective(self.shape.actions, size)
        losses = objective.gradient(self._network, minibatch, self.hyperparameters)
        gradient = self._network.gradient
        norm = math.sqrt(float(np.dot(gradient, gradient)))
        if math.isfinite(losses.total + norm):
            scale = self.hyperparameters.max_grad_norm / (norm + 1e-6)
            if scale < 1:
                np.multiply(gradient, scale, out=gradient)
            self._adam.step(self._network.parameters, gradient, rate)
        return losses, norm

    def _moving(self) -> dict[str, NDArray[Any]]:
        """A copy of what steps change."""
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
            BatchError: it is no state of such a learner; nothing has changed then.
        """
        for name, now in self._moving().items():
            found = state.get(name)
            if found is None or found.shape != now.shape or found.dtype != now.dtype or not np.isfinite(found).all():
                raise BatchError(f"this is no state of a learner of {self.shape}: its {name} don't fit")
        try:
            self._rng.bit_generator.state = json.loads(state["rng"].tobytes())
        except (KeyError, ValueError, TypeError) as error:
            raise BatchError("this is no state of a learner: its random numbers can't be read") from error
        self._move(state)


def _update(losses: Losses, norm: float, epochs: int, *, restored: bool) -> Update:
    return Update(losses.policy, losses.value, losses.entropy, losses.kl, losses.clip_fraction, norm, epochs, restored)
