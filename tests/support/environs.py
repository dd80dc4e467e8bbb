"""Environments that a test knows by heart, and some that misbehave: `support.environs:NAME-v0`."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

DEADLY = "AGENTCTL_TEST_DEADLY"
"""Names a file: the first process that finds it there while it steps takes it away and dies."""

Seen = NDArray[np.float32]


class Corridor(gymnasium.Env[Any, Any]):
    """Shows how many steps were done since the beginning; ends by itself after `length`."""

    observation_space: spaces.Space[Any] = spaces.Box(0, 100, (1,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(2)
    reward = 1.0

    def __init__(self, length: int = 5) -> None:
        self.length = length
        self.at = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Go back to 0."""
        super().reset(seed=seed)
        self.at = 0
        return self.seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Go on by one, whatever the action."""
        assert self.action_space.contains(action), action
        self.at += 1
        return self.seen(), self.reward, self.at == self.length, False, {}

    def seen(self) -> Any:
        """What is shown."""
        return np.array([self.at], np.float32)


class Walk(Corridor):
    """Goes left and right by chance and by choice: what it shows depends on seed and actions."""

    observation_space = spaces.Box(-100, 100, (2,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin somewhere."""
        gymnasium.Env.reset(self, seed=seed)
        self.at, self.place = 0, float(self.np_random.normal())
        return self.seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Move."""
        self.at += 1
        self.place += float(self.np_random.normal()) + action - 0.5
        return self.seen(), -abs(self.place), abs(self.place) > 5, False, {}

    def seen(self) -> Seen:
        """Where it is, and since when."""
        return np.array([self.place, self.at], np.float32)


class Mortal(Walk):
    """Kills the process that steps it, once."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Move, or die."""
        if self.at == 7:
            with suppress(OSError, KeyError):
                Path(os.environ[DEADLY]).unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


class Levers(Corridor):
    """Shows two numbers of a list and takes three choices at once."""

    observation_space = spaces.MultiDiscrete([3, 4])
    action_space = spaces.MultiDiscrete([2, 3, 4], start=[1, 0, 5])

    def seen(self) -> Any:
        """Two numbers."""
        return np.array([self.at % 3, self.at % 4])


class Fallible(Corridor):
    """Fails at its third step."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Go on, or fail."""
        if self.at == 2:
            raise RuntimeError("the wheel came off")
        return super().step(action)


class NoNumber(Corridor):
    """Its reward is no number."""

    reward = float("nan")


class Overflowing(Corridor):
    """Its rewards are so large that nothing can be learned of them."""

    reward = 1e30


class Endless(Corridor):
    """Its rewards are infinite in 32 bits."""

    reward = 1e300


class Rewardless(Corridor):
    """Gives nothing where a reward should be."""

    reward: Any = None


class Misshapen(Corridor):
    """Shows more than it said."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Show seven numbers."""
        return np.zeros(7), *super().step(action)[1:]


class Blinding(Corridor):
    """Shows what is no number after its first step."""

    def seen(self) -> Any:
        """A number, or none."""
        return np.array([np.nan if self.at else 0], np.float32)


class Clinging(Corridor):
    """Says what it does, and can't be closed."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Go on, with a word."""
        print("a step")
        return super().step(action)

    def close(self) -> None:
        """Fail."""
        raise RuntimeError("the door is stuck")


class Spaceless(Corridor):
    """Does not say what it shows."""

    observation_space: Any = None


for one in (
    *(Walk, Mortal, Levers, Fallible, NoNumber, Overflowing, Endless),
    *(Rewardless, Misshapen, Blinding, Clinging, Spaceless),
):
    gymnasium.register(f"{one.__name__}-v0", f"{__name__}:{one.__name__}", max_episode_steps=20)
gymnasium.register("Corridor-v0", f"{__name__}:Corridor")
gymnasium.register("Cut-v0", f"{__name__}:Corridor", max_episode_steps=3)
