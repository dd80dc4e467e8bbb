"""PPO on tasks: it acts, is paid, and learns from what came of it, at every price between 0 and the span.

An episode is a task. It has one step; or two where the first takes the cheapest action and its answer is looked at:
then the second accepts it, or pays another action besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.routing.seeing import View
from agentctl.training.batch import Batch
from agentctl.training.gae import advantages
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner, Update
from agentctl.training.network import Shape
from agentctl.training.seen import Floats, observation, observed

DEFAULT = Hyperparameters(
    learning_rate=1e-3, epochs=4, minibatch=512, entropy=0.003, value_clip=None, gamma=1.0, lam=0.95
)
EPISODES = 2048
"""Tasks in a rollout."""
UPDATES = 40


@dataclass(frozen=True)
class Practice:
    """How much PPO practises: rollouts, tasks in each, units of the hidden layers."""

    updates: int = UPDATES
    episodes: int = EPISODES
    hidden: tuple[int, ...] = (16, 16)


@dataclass(frozen=True)
class Recipe:
    """How PPO learns, how much it practises, and the seed of parameters, tasks, prices and choices."""

    hyperparameters: Hyperparameters = DEFAULT
    practice: Practice = Practice()
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """Where training is: rollouts and choices so far, means over the last rollout's tasks, and what its update did.

    `cost` is in success, what was paid more than the cheapest action's cost.
    """

    done: int
    of: int
    steps: int
    reward: float
    cost: float
    update: Update


class Actor:
    """Learns to choose for the tasks of a view.

    Args:
        view: the tasks.
        centre, scale, span: see `agentctl.training.rules.Actor`.
        recipe: how it learns.
    """

    def __init__(self, view: View, centre: Floats, scale: Floats, span: float, recipe: Recipe) -> None:
        self._view, self._practice = view, recipe.practice
        self._centre, self._scale, self._span = centre, scale, span
        actions = view.success.shape[1]
        shape = Shape(observed(actions), (actions,), recipe.practice.hidden)
        self.learner = Learner(shape, recipe.hyperparameters, recipe.seed)
        self._rng = np.random.default_rng((recipe.seed, 4))

    def practise(self, tell: Callable[[Progress], None]) -> NDArray[np.float32]:
        """Learn, and return the parameters."""
        steps = 0
        for done in range(self._practice.updates):
            batch, reward, cost = self._rollout()
            update = self.learner.update(batch, done / self._practice.updates)
            steps += len(batch.values)
            tell(Progress(done + 1, self._practice.updates, steps, reward, cost, update))
        return self.learner.parameters.copy()

    def _rollout(self) -> tuple[Batch, float, float]:
        """Choose for some tasks; what is to be learnt from that, the mean reward and the mean price."""
        which = self._rng.integers(0, len(self._view), self._practice.episodes)
        tasks = self._view.take(which)
        price = self._rng.uniform(0, self._span, len(tasks))
        steps = [self._step(tasks, price, answered=False)]
        taken = np.ones((len(tasks), 1 + tasks.sequential), np.bool_)
        if tasks.sequential:
            steps.append(self._step(tasks, price, answered=True))
            taken[:, 1] = steps[0].actions[:, 0] == tasks.ends[0]
            steps[0].rewards[taken[:, 1]] = 0  # nothing is settled yet, and the cheapest costs nothing more
        flat = _Step(*(np.stack(parts, axis=1)[taken] for parts in zip(*map(_Step.parts, steps), strict=True)))
        gained = self._advantages(flat, taken.sum(axis=1))
        batch = Batch(flat.observations, flat.actions, flat.logs, gained, gained + flat.values, flat.values)
        return batch, float(flat.rewards.sum()) / len(tasks), float(flat.prices.sum()) / len(tasks)

    def _advantages(self, flat: _Step, lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """How much better each choice was than expected; every episode ends by itself."""
        ended = np.zeros(len(flat.values), np.bool_)
        ended[np.cumsum(lengths) - 1] = True
        parameters = self.learner.hyperparameters
        return advantages(
            flat.rewards.astype(np.float32),
            flat.values,
            terminated=ended,
            last_value=np.zeros(len(lengths), np.float32),
            lengths=lengths,
            gamma=parameters.gamma,
            lam=parameters.lam,
        )

    def _step(self, tasks: View, price: Floats, *, answered: bool) -> _Step:
        """One choice for each task, and what it is paid if that is the last one."""
        seen = tasks.seen(price, answered=answered)
        looked = observation(seen, self._centre, self._scale, self._span)
        acted = self.learner.act(looked, self._rng)
        rows, chosen = np.arange(len(tasks)), acted.actions[:, 0]
        paid = seen.prices[rows, chosen]
        return _Step(
            looked, acted.actions, acted.log_probabilities, acted.values, tasks.success[rows, chosen] - paid, paid
        )


@dataclass(frozen=True, eq=False)
class _Step:
    """A choice for each task: what was seen, chosen, how likely that was, what was expected, and what it pays."""

    observations: NDArray[np.float32]
    actions: NDArray[np.int64]
    logs: NDArray[np.float32]
    values: NDArray[np.float32]
    rewards: Floats
    prices: Floats

    def parts(self) -> tuple[NDArray[Any], ...]:
        """All of it, in this order."""
        return self.observations, self.actions, self.logs, self.values, self.rewards, self.prices
