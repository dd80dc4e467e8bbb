"""Environments side by side: each step is one of all, and an episode that ends begins anew in the same step.

This is gymnasium's SAME_STEP autoreset, without what its vector environments cost: after a step `observations` has the
first observation of the next episode where one ended, and `finals` the last of the one that did. Who values a truncated
step needs the latter.

An environment's state is the number of its episode and the actions since it began: each episode has a seed of its own,
made of the run's, the environment's number and its own, so that any process can bring an environment where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.errors import AgentctlError, UsageError
from agentctl.training.registry import Environment, make
from agentctl.training.spaces import Codec, codec

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment is.

    Args:
        episode: the number of its episode.
        actions: (steps, categoricals) what was done in it so far.
    """

    episode: int
    actions: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step brought to n environments; where none ended, a row of `finals` means nothing."""

    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    finals: Floats


def episode_seed(stream: str, number: int, episode: int) -> int:
    """The seed of an environment's episode: 32 bits, the same everywhere."""
    text = f"{stream}/{number}/{episode}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def probe(identifier: str) -> Codec:
    """What an environment shows and takes.

    Raises:
        ConfigError, UsageError: it can't be made, or not learned; see `registry.make` and `spaces.codec`.
    """
    made, _ = make(identifier)
    try:
        return codec(identifier, made.observation_space, made.action_space)
    finally:
        let_go(made)


def let_go(environment: Environment) -> None:
    """Close an environment; that one can't be is no reason to lose what was learned in it."""
    with suppress(Exception):
        environment.close()  # type: ignore[no-untyped-call,unused-ignore]  # gymnasium 1.2 has no type there


class Envs:
    """Environments of one kind; `observations` (n, D) is what they show, written anew in place by each step.

    Args:
        identifier: which kind.
        stream: sets the seeds of these episodes apart from those of others.
        numbers: the environments' numbers within the run.
        places: where they are, None for the beginning of their first episodes.

    Raises:
        ConfigError, UsageError: see `probe`.
    """

    def __init__(
        self, identifier: str, stream: str, numbers: Sequence[int], places: Sequence[Place] | None = None
    ) -> None:
        self.identifier = identifier
        self._stream = stream
        self._numbers = numbers
        made = [make(identifier) for _ in numbers]
        self._made: list[Environment] = [one for one, _ in made]
        self._limits = [limit or 0 for _, limit in made]
        self._codec = codec(identifier, self._made[0].observation_space, self._made[0].action_space)
        self.observations: Floats = np.zeros((len(made), self._codec.observation), np.float32)
        self._episodes = [place.episode for place in places] if places else [0] * len(made)
        self._elapsed = [0] * len(made)
        for one in range(len(made)):
            self._begin(one)
            if places:
                self._repeat(one, places[one].actions)

    def step(self, actions: NDArray[np.int64]) -> Outcome:
        """Do one action in each, (n, categoricals).

        Raises:
            AgentctlError: an environment failed.
        """
        count = len(self._made)
        rewards = [0.0] * count
        ends: list[tuple[int, bool, bool]] = []
        finals = np.zeros_like(self.observations)
        for one, choices in enumerate(actions.tolist()):
            rewards[one], ended, cut = self._step(one, choices)
            if ended or cut:
                ends.append((one, ended, cut))
                finals[one] = self.observations[one]
                self.next_episode(one)
        terminated, truncated = np.zeros((2, count), np.bool_)
        for one, ended, cut in ends:
            terminated[one], truncated[one] = ended, cut
        with np.errstate(over="ignore"):  # a reward that is too large is found to be infinite, and told of
            return Outcome(np.array(rewards, np.float32), terminated, truncated, finals)

    def next_episode(self, one: int) -> None:
        """Begin the next episode of an environment, wherever it is in this one."""
        self._episodes[one] += 1
        self._begin(one)

    def _step(self, one: int, choices: Sequence[int]) -> tuple[float, bool, bool]:
        self._elapsed[one] += 1
        try:
            seen, reward, ended, cut, _ = self._made[one].step(self._codec.decode(choices))
            self.observations[one] = self._codec.encode(seen)
            came = float(reward), bool(ended), bool(cut) or self._elapsed[one] == self._limits[one]
        except Exception as error:
            raise self._failed("a step", error) from error
        return came

    def _begin(self, one: int) -> None:
        seed = episode_seed(self._stream, self._numbers[one], self._episodes[one])
        try:
            seen, _ = self._made[one].reset(seed=seed)
            self.observations[one] = self._codec.encode(seen)
        except Exception as error:
            raise self._failed("the beginning of an episode", error) from error
        self._elapsed[one] = 0

    def _repeat(self, one: int, actions: NDArray[np.int64]) -> None:
        for choices in actions.tolist():
            _, ended, cut = self._step(one, choices)
            if ended or cut:
                raise UsageError(
                    f"{self.identifier} is not the same for the same seed and actions: it can't be taken up again",
                    hint="start the run anew, with one worker",
                )

    def _failed(self, what: str, error: Exception) -> AgentctlError:
        return AgentctlError(
            f"{self.identifier} failed at {what}: {type(error).__name__}: {error}",
            hint="gymnasium.utils.env_checker.check_env tells what is wrong with an environment",
        )

    def close(self) -> None:
        """Let go of all of them."""
        for one in self._made:
            let_go(one)
