"""Environments side by side: what they show at an episode's end, and how one is brought where it was."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from agentctl.errors import ConfigError, UsageError
from agentctl.training.envs import Envs, Place, episode_seed, probe

KNOWN = "support.environs:"


def _actions(steps: int, envs: int, choices: int = 2) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.random.default_rng(1).integers(0, choices, (steps, envs, 1))


def test_an_end_shows_the_next_beginning_and_the_last_observation() -> None:
    """In the step that ends an episode the next one begins, and the last observation is not lost."""
    envs = Envs(f"{KNOWN}Cut-v0", "0", range(2))
    for _ in range(2):
        outcome = envs.step(_actions(1, 2)[0])
        assert not outcome.truncated.any()
    outcome = envs.step(_actions(1, 2)[0])
    assert (outcome.truncated.tolist(), outcome.terminated.tolist()) == ([True, True], [False, False])
    assert (outcome.finals.tolist(), envs.observations.tolist()) == ([[3.0], [3.0]], [[0.0], [0.0]])


def test_an_episode_that_ends_by_itself_is_not_cut() -> None:
    """Where the environment itself ends an episode it is terminated, and not truncated."""
    envs = Envs(f"{KNOWN}Corridor-v0", "0", range(1))
    outcome = [envs.step(_actions(1, 1)[0]) for _ in range(5)][-1]
    assert (outcome.truncated.tolist(), outcome.terminated.tolist()) == ([False], [True])


@pytest.mark.parametrize("name", ["CartPole-v1", "Acrobot-v1", "FrozenLake-v1"])
def test_steps_are_those_of_gymnasium(name: str) -> None:
    """Over the first episode of each, all is what gymnasium's own vector environment gives in SAME_STEP mode."""
    ours = Envs(name, "7", range(3))
    theirs = gymnasium.make_vec(
        name, 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP}
    )
    seeds: Any = [episode_seed("7", number, 0) for number in range(3)]  # a list, which its types do not know of
    seen, _ = theirs.reset(seed=seeds)
    size = probe(name).observation
    alive = np.ones(3, bool)
    for actions in _actions(200, 3):
        shown = np.eye(size)[seen] if seen.ndim == 1 else seen
        np.testing.assert_array_equal(ours.observations[alive], shown[alive].astype(np.float32))
        outcome = ours.step(actions)
        seen, rewards, terminated, truncated, _ = theirs.step(actions[:, 0])
        np.testing.assert_array_equal(outcome.rewards[alive], rewards[alive].astype(np.float32))
        np.testing.assert_array_equal(outcome.terminated[alive], terminated[alive])
        alive &= ~(terminated | truncated)
    theirs.close()


def test_an_environment_comes_to_where_it_was() -> None:
    """The number of the episode and its actions bring a fresh environment to the same place."""
    went = Envs("CartPole-v1", "0", range(4))
    since: list[list[list[int]]] = [[] for _ in range(4)]
    episodes = [0] * 4
    for actions in _actions(57, 4):
        outcome = went.step(actions)
        for one, ended in enumerate(outcome.terminated | outcome.truncated):
            since[one].append(actions[one].tolist())
            if ended:
                since[one].clear()
                episodes[one] += 1
    places = [Place(episodes[one], np.array(since[one], np.int64).reshape(-1, 1)) for one in range(4)]
    came = Envs("CartPole-v1", "0", range(2, 4), places[2:])
    for actions in _actions(100, 4, 2):
        np.testing.assert_array_equal(went.observations[2:], came.observations)
        np.testing.assert_array_equal(went.step(actions).rewards[2:], came.step(actions[2:]).rewards)


def test_each_episode_has_a_seed_of_its_own() -> None:
    """No two environments, episodes or streams begin alike."""
    seeds = {episode_seed(stream, one, two) for stream in "ab" for one in range(30) for two in range(30)}
    assert len(seeds) == 1800


def test_several_choices_of_several_lists() -> None:
    """Multi-discrete observations are rows of zeros and ones, and actions begin where their space does."""
    found = probe(f"{KNOWN}Levers-v0")
    assert (found.observation, found.actions) == (7, (2, 3, 4))
    envs = Envs(f"{KNOWN}Levers-v0", "0", range(2))
    envs.step(np.array([[0, 0, 0], [1, 2, 3]]))
    assert envs.observations.tolist() == [[0, 1, 0, 0, 1, 0, 0]] * 2


@pytest.mark.parametrize(
    ("name", "kind", "message", "hint"),
    [
        ("CartPol-v1", UsageError, "no environment", "CartPole-v1"),
        ("Pendulum-v1", UsageError, "continuous", "discrete"),
        ("Ant-v5", ConfigError, "MuJoCo", "pip install"),
        ("nosuchmodule:Thing-v0", ConfigError, "nosuchmodule", ""),
        ("", UsageError, "can't be made", "lists ids"),
    ],
)
def test_what_cannot_be_learned_is_refused(name: str, kind: type[UsageError], message: str, hint: str) -> None:
    """An unknown id, a continuous action, or a missing package is told, with what to do."""
    with pytest.raises(kind) as told:
        probe(name)
    assert message in told.value.message
    assert hint in (told.value.hint or "")
