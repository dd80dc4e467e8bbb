"""PPO on an environment, iteration by iteration: collect, judge what was collected, learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agentctl.errors import AgentctlError
from agentctl.learning.environments.book import Book
from agentctl.learning.rollouts.pool import Pool
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment
from agentctl.learning.runs import Checkpoint
from agentctl.training.batch import Batch
from agentctl.training.gae import advantages
from agentctl.training.learner import Learner, Update

_DIVERGED = 3  # updates in a row that came to no numbers: more of the same will not either
_LEARNER, _BOOK = "learner.", "book."


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is after an iteration, and what its update did."""

    iterations: int
    steps: int
    episodes: int
    mean_return: float | None
    update: Update


class Training:
    """A run in this process; two of one recipe do the same to the bit."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.learner = Learner(recipe.shape, recipe.hyperparameters, recipe.seed)
        self.book = Book(recipe.envs, len(recipe.shape.actions))
        self.iterations = 0
        self.steps = 0
        self.restored = 0
        self._diverged = 0

    @property
    def horizon(self) -> int:
        """Steps of each environment that come next; 0 where the run is done."""
        return min(self.recipe.horizon, (self.recipe.steps - self.steps) // self.recipe.envs)

    def iterate(self, pool: Pool) -> Progress:
        """Do the next iteration.

        Raises:
            AgentctlError: an environment failed, or learning diverges.
        """
        order = Order(self.iterations, self.horizon, self.learner.parameters.copy())
        segment = pool.collect(order, lambda: self.book.places)
        if not segment.finite:
            raise AgentctlError(
                f"{self.recipe.environment} gave an observation or a reward that is no finite number",
                hint="wrap it so that they are bounded",
            )
        update = self.learner.update(self._batch(segment), self.steps / self.recipe.steps)
        self._look(update)
        self.book.add(segment)
        self.iterations += 1
        self.steps += segment.rewards.size
        return Progress(self.iterations, self.steps, self.book.episodes, self.book.mean_return, update)

    def _batch(self, segment: Segment) -> Batch:
        """The samples of a segment; a step that cut an episode short is worth what its last observation promises."""
        final_values = np.zeros_like(segment.values)
        if len(segment.finals):
            final_values[segment.cut] = self.learner.values(segment.finals)
        gained = advantages(
            segment.rewards,
            segment.values,
            terminated=segment.terminated,
            truncated=segment.truncated,
            last_value=self.learner.values(segment.last),
            final_values=final_values,
            gamma=self.recipe.hyperparameters.gamma,
            lam=self.recipe.hyperparameters.lam,
        )
        count = segment.rewards.size
        return Batch(
            segment.observations.reshape(count, -1),
            segment.actions.reshape(count, -1),
            segment.log_probabilities.reshape(count),
            gained.reshape(count),
            (gained + segment.values).reshape(count),
            segment.values.reshape(count),
        )

    def _look(self, update: Update) -> None:
        self.restored += update.restored
        self._diverged = self._diverged + 1 if update.restored else 0
        if self._diverged == _DIVERGED:
            raise AgentctlError(
                f"learning diverged: {_DIVERGED} updates in a row came to no finite numbers, and were undone",
                hint="start anew with a lower --set learning_rate, or with rewards that are scaled down",
            )

    def checkpoint(self, seconds: float) -> Checkpoint:
        """Where the run is, after so many seconds of it."""
        arrays: dict[str, Any] = {f"{_LEARNER}{name}": array for name, array in self.learner.state().items()}
        arrays |= {f"{_BOOK}{name}": array for name, array in self.book.state().items()}
        arrays["restored"] = np.array([self.restored, self._diverged])
        return Checkpoint(self.iterations, self.steps, seconds, arrays)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from there.

        Raises:
            KeyError, ValueError: it is of another run.
        """
        arrays = checkpoint.arrays
        self.learner.restore(_under(_LEARNER, checkpoint))
        self.book.restore(_under(_BOOK, checkpoint))
        self.restored, self._diverged = arrays["restored"].tolist()
        self.iterations, self.steps = checkpoint.iterations, checkpoint.steps


def _under(prefix: str, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array for name, array in checkpoint.arrays.items() if name.startswith(prefix)
    }
