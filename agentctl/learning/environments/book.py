"""Keeps account of episodes: where each environment is, and what the ones that ended returned."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.rollouts.segment import Segment
from agentctl.training.envs import Place

RECENT = 100
"""Episodes that `mean_return` is a mean of."""


class Book:
    """Of `envs` environments with so many categoricals to an action."""

    def __init__(self, envs: int, choices: int) -> None:
        self.episodes = 0
        self.recent: deque[float] = deque(maxlen=RECENT)
        self._numbers = [0] * envs
        self._returns = [0.0] * envs
        self._actions: list[list[NDArray[np.int64]]] = [[np.empty((0, choices), np.int64)] for _ in range(envs)]

    @property
    def mean_return(self) -> float | None:
        """Of the last 100 episodes or of what there are; None before the first one ended."""
        return sum(self.recent) / len(self.recent) if self.recent else None

    @property
    def places(self) -> list[Place]:
        """Where the environments are."""
        self._actions = [[np.concatenate(chunks)] for chunks in self._actions]
        return [Place(number, chunks[0]) for number, chunks in zip(self._numbers, self._actions, strict=True)]

    def add(self, segment: Segment) -> None:
        """Take account of what was collected."""
        ends = segment.terminated | segment.truncated
        ended: list[tuple[int, int, float]] = []
        for one in range(len(self._numbers)):
            begin = 0
            rewards = segment.rewards[:, one].tolist()
            for end in np.flatnonzero(ends[:, one]).tolist():
                ended.append((end, one, sum(rewards[begin : end + 1], self._returns[one])))
                self._returns[one] = 0.0
                self._numbers[one] += 1
                self._actions[one].clear()
                begin = end + 1
            self._returns[one] = sum(rewards[begin:], self._returns[one])
            self._actions[one].append(segment.actions[begin:, one].copy())
        self.episodes += len(ended)
        self.recent.extend(returned for *_, returned in sorted(ended))

    def state(self) -> dict[str, NDArray[Any]]:
        """All of it, as arrays that `restore` takes."""
        places = self.places
        return {
            "episodes": np.array(self.episodes, np.int64),
            "recent": np.array(self.recent, np.float64),
            "returns": np.array(self._returns, np.float64),
            "numbers": np.array(self._numbers, np.int64),
            "lengths": np.array([len(place.actions) for place in places], np.int64),
            "actions": np.concatenate([place.actions for place in places]),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state` gave.

        Raises:
            KeyError, ValueError: it did not.
        """
        cuts = np.cumsum(state["lengths"])[:-1]
        self.episodes = int(state["episodes"])
        self.recent = deque(state["recent"].tolist(), maxlen=RECENT)
        self._returns = state["returns"].tolist()
        self._numbers = state["numbers"].tolist()
        self._actions = [[actions] for actions in np.split(state["actions"], cuts)]
