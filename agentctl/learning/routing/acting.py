"""PPO on tasks: it acts, is paid, and learns from what came of it, at every price between 0 and the span.

An episode is a task. It has one step; or two where the first takes the cheapest action and its answer is looked at: then
the second accepts it, or pays another action besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.routing.seeing import View
from agentctl.training.batch import Batch
from agentctl.training.gae import advantages
from agentctl.training.learner import Hyperparameters, Learner, Update
from agentctl.training.network import Shape
from agentctl.training.seen import Floats, observation, observed

DEFAULT = Hyperparameters(
    learning_rate=1e-3, epochs=4, minibatch=512, entropy=0.003, value_clip=None, gamma=1.0, lam=0.95
)
EPISODES = 2048
"""Tasks in a rollout."""
UPDATES = 60


@dataclass(frozen=True)
class Practice:
    """How much PPO practises: rollouts, tasks in each, units of the hidden layers."""

    updates: int = UPDATES
    episodes: int = EPISODES
    hidden: tuple[int, ...] = (32, 32)


@dataclass(frozen=True)
class Progress:
    """Where training is: rollouts so far, the mean reward of the last one, and what its update did."""

    done: int
    of: int
    reward: float
    update: Update


class Actor:
    """Learns to choose for the tasks of a view.

    Args:
        view: the tasks.
        centre, scale, span: see `agentctl.training.rules.Actor`.
        hyperparameters: of PPO.
        practice: how much of it.
        seed: of parameters, tasks, prices and choices.
    """

    def __init__(
        self,
        view: View,
        centre: Floats,
        scale: Floats,
        span: float,
        hyperparameters: Hyperparameters,
        practice: Practice,
        seed: int,
    ) -> None:
        self._view, self._practice = view, practice
        self._centre, self._scale, self._span = centre, scale, span
        actions = view.success.shape[1]
        shape = Shape(observed(actions), (actions,), practice.hidden)
        self.learner = Learner(shape, hyperparameters, seed)
        self._rng = np.random.default_rng((seed, 4))

    def practise(self, tell: Callable[[Progress], None]) -> NDArray[np.float32]:
        """Learn, and return the parameters."""
        for done in range(self._practice.updates):
            batch, reward = self._rollout()
            update = self.learner.update(batch, done / self._practice.updates)
            tell(Progress(done + 1, self._practice.updates, reward, update))
        return self.learner.parameters.copy()

    def _rollout(self) -> tuple[Batch, float]:
        """Choose for some tasks, and what is to be learnt from that."""
        which = self._rng.integers(0, len(self._view), self._practice.episodes)
        tasks = self._view.take(which)
        price = self._rng.uniform(0, self._span, len(tasks))
        stages = (False, True) if tasks.sequential else (False,)
        steps = [self._step(tasks, price, answered=answered) for answered in stages]
        taken = np.ones((len(tasks), len(stages)), np.bool_)
        rewards = np.stack([step.rewards for step in steps], axis=1)
        if tasks.sequential:
            on = steps[0].actions[:, 0] == tasks.ends[0]
            taken[:, 1] = on
            rewards[on, 0] = 0  # it is not settled yet, and the cheapest costs nothing more
        observations, actions, logs, values = (
            np.stack(one, axis=1)[taken] for one in zip(*(step.acted for step in steps), strict=True)
        )
        lengths = taken.sum(axis=1)
        ended = np.zeros(int(lengths.sum()), np.bool_)
        ended[np.cumsum(lengths) - 1] = True
        parameters = self.learner.hyperparameters
        gained = advantages(
            rewards[taken].astype(np.float32),
            values,
            terminated=ended,
            last_value=np.zeros(len(tasks), np.float32),
            lengths=lengths,
            gamma=parameters.gamma,
            lam=parameters.lam,
        )
        return Batch(observations, actions, logs, gained, gained + values, values), float((rewards * taken).sum(1).mean())

    def _step(self, tasks: View, price: Floats, *, answered: bool) -> _Step:
        """One choice for each task, and what it is paid if that is the last one."""
        seen = tasks.seen(price, answered=answered)
        looked = observation(seen, self._centre, self._scale, self._span)
        acted = self.learner.act(looked, self._rng)
        rows, chosen = np.arange(len(tasks)), acted.actions[:, 0]
        return _Step(
            looked, acted.actions, acted.log_probabilities, acted.values, tasks.success[rows, chosen] - seen.prices[rows, chosen]
        )


@dataclass(frozen=True, eq=False)
class _Step:
    """A choice for each task: what was seen, chosen, how likely that was, what was expected, and what it pays."""

    observations: NDArray[np.float32]
    actions: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]
    values: NDArray[np.float32]
    rewards: Floats

    @property
    def acted(self) -> tuple[NDArray[np.generic], ...]:
        return self.observations, self.actions, self.log_probabilities, self.values
