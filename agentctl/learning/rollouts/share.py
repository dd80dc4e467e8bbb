"""One worker's environments, and the policy that acts in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentctl.errors import AgentctlError
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment
from agentctl.training.batch import Acted, BatchError
from agentctl.training.envs import Envs, Place
from agentctl.training.learner import Learner

_ACTING = 1  # sets the stream of random numbers for actions apart from others of the same seed


class Share:
    """The environments `numbers` of a run, brought to `places`.

    Raises:
        AgentctlError: they can't be made, or brought there.
    """

    def __init__(self, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
        self._recipe = recipe
        self._numbers = numbers
        self._envs = Envs(recipe.environment, str(recipe.seed), numbers, places)
        self._policy = Learner(recipe.shape, recipe.hyperparameters, recipe.seed)

    def collect(self, order: Order) -> Segment:
        """Go on by the steps that are ordered.

        Raises:
            AgentctlError: an environment failed.
        """
        self._policy.parameters[:] = order.parameters
        rng = np.random.default_rng((self._recipe.seed, _ACTING, order.iteration))
        row = np.zeros((self._recipe.envs, self._recipe.shape.observation), np.float32)
        mine = slice(self._numbers.start, self._numbers.stop)
        segment, finals = self._empty(order.horizon), []
        for step in range(order.horizon):
            row[mine] = self._envs.observations
            acted = self._act(row, rng)
            segment.observations[step] = self._envs.observations
            segment.actions[step] = acted.actions[mine]
            segment.log_probabilities[step] = acted.log_probabilities[mine]
            segment.values[step] = acted.values[mine]
            outcome = self._envs.step(segment.actions[step])
            segment.rewards[step] = outcome.rewards
            segment.terminated[step] = outcome.terminated
            segment.truncated[step] = outcome.truncated
            if outcome.truncated.any():
                finals.append(outcome.finals[outcome.truncated & ~outcome.terminated])
        segment.last[:] = self._envs.observations
        return segment.ended(finals)

    def _act(self, row: NDArray[np.float32], rng: np.random.Generator) -> Acted:
        try:
            return self._policy.act(row, rng)
        except BatchError as error:
            hint = "an environment should show numbers, and no NaN or infinity"
            raise AgentctlError(f"{self._recipe.environment}: {error}", hint=hint) from error

    def _empty(self, steps: int) -> Segment:
        count, shape = len(self._numbers), self._recipe.shape
        floats = np.empty((3, steps, count), np.float32)
        flags = np.empty((2, steps, count), np.bool_)
        return Segment(
            observations=np.empty((steps, count, shape.observation), np.float32),
            actions=np.empty((steps, count, len(shape.actions)), np.int64),
            log_probabilities=floats[0],
            values=floats[1],
            rewards=floats[2],
            terminated=flags[0],
            truncated=flags[1],
            finals=np.empty((0, shape.observation), np.float32),
            last=np.empty((count, shape.observation), np.float32),
        )

    def close(self) -> None:
        """Let go of the environments."""
        self._envs.close()
