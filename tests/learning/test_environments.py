"""Runs on environments: the same policy by any means, over any interruption, and after any death."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.environs import DEADLY
from support.forks import in_child

from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.learning.artifacts import pack
from agentctl.learning.environments.policy import artifact, evaluate
from agentctl.learning.environments.running import Ran, Watch, recipe, train
from agentctl.learning.environments.training import Training
from agentctl.learning.rollouts.means import Means
from agentctl.learning.rollouts.segment import Segment
from agentctl.learning.runs import Runs
from agentctl.learning.runs.measured import read

ACTORS = [1, 2, 4] if os.environ.get("AGENTCTL_TEST_FULL") else [2]  # a cluster takes seconds to start
WALK, MORTAL = "support.environs:Walk-v0", "support.environs:Mortal-v0"
SMALL = {"horizon": "16", "minibatch": "32", "epochs": "2", "hidden": "8x8"}


def _never() -> bool:
    return False


def _train(
    directory: Path,
    environment: str = WALK,
    means: Means = Means(),  # noqa: B008 - it is frozen
    stopped: Callable[[], bool] = _never,
    told: list[str] | None = None,
) -> Ran:
    """Go on with the run in a directory, or begin it."""
    runs = Runs(directory)
    run = runs.find("latest") if any(directory.glob("*/run.json")) else runs.begin({})
    lines: list[str] = [] if told is None else told
    return train(run, recipe(environment, 3, 600, 5, SMALL), means, Watch(tell=lines.append, stopped=stopped))


def _after(iterations: int) -> Callable[[], bool]:
    """What stops a run after so many iterations."""
    left = iter([False] * iterations)
    return lambda: next(left, True)


def test_the_same_seed_gives_the_same_policy(tmp_path: Path) -> None:
    """Two runs of one recipe leave one policy, and another seed another."""
    first, second = (artifact(_train(tmp_path / name).training) for name in "ab")
    assert first.sha == second.sha
    other = train(Runs(tmp_path).begin({}), recipe(WALK, 4, 600, 5, SMALL), Means(), Watch())
    assert other.training.learner.sha256 != first.manifest["param_sha256"]


def test_no_more_steps_than_asked_for(tmp_path: Path) -> None:
    """The last iteration is shorter where the steps are no multiple of one, and parameters have changed."""
    ran = _train(tmp_path)
    assert (ran.done, ran.training.steps, ran.training.iterations) == (True, 600, 8)
    assert ran.training.learner.sha256 != Training(ran.training.recipe).learner.sha256


@pytest.mark.parametrize("workers", [2, 4])
def test_any_number_of_processes_learns_the_same(tmp_path: Path, workers: int) -> None:
    """2 and 4 processes come to the same parameters as none."""
    hashes = {_train(tmp_path / str(n), means=Means(n)).training.learner.sha256 for n in (1, workers)}
    assert len(hashes) == 1


def _deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, means: Means) -> None:
    monkeypatch.setenv(DEADLY, str(tmp_path / "deadly"))
    alone = _train(tmp_path / "alone", MORTAL).training.learner.sha256
    (tmp_path / "deadly").touch()
    told: list[str] = []
    assert _train(tmp_path / "killed", MORTAL, means, told=told).training.learner.sha256 == alone
    assert not (tmp_path / "deadly").exists()
    assert "died" in told[0]


def test_a_killed_process_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed in the midst of its share is replaced, and the parameters are the same."""
    _deadly(tmp_path, monkeypatch, Means(2))


@pytest.mark.parametrize("workers", ACTORS)
def test_a_killed_actor_of_ray_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Any number of Ray's actors comes to the same parameters, also when one is killed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    # In a process of its own: Ray takes over the signals by which WebAssembly's traps are noticed, for good.
    assert in_child(lambda: _deadly(tmp_path, monkeypatch, Means(workers, "local"))) == 0


@pytest.mark.parametrize("iterations", range(8))
def test_an_interrupted_run_goes_on_to_the_bit(tmp_path: Path, iterations: int) -> None:
    """Stopped after any iteration and gone on with, by another number of workers, it leaves the same policy."""
    whole = _train(tmp_path / "whole")
    stopped = _train(tmp_path / "parts", stopped=_after(iterations))
    assert (stopped.done, stopped.training.iterations) == (False, iterations)
    means = Means(2) if iterations == 4 else Means()
    assert artifact(_train(tmp_path / "parts", means=means).training).sha == artifact(whole.training).sha
    measured = [read(Runs(tmp_path / name).find("latest").metrics) for name in ("whole", "parts")]
    first, second = ([{**one, "wall_s": 0} for one in run] for run in measured)
    assert first == second


def test_a_run_that_ended_stays_as_it_is(tmp_path: Path) -> None:
    """Going on with a run that came to its end does nothing more."""
    assert _train(tmp_path).training.learner.sha256 == _train(tmp_path).training.learner.sha256


def test_a_cut_step_is_worth_its_last_observation() -> None:
    """A truncated step bootstraps the value of its own last observation, never that of the next episode's first."""
    training = Training(recipe("support.environs:Cut-v0", 0, 100, 1, {**SMALL, "gamma": "0.9"}))
    observations = np.array([[[0]], [[1]], [[2]], [[0]]], np.float32)
    none = np.zeros((4, 1), np.bool_)
    cut = none.copy()
    cut[2] = True
    values = training.learner.values(observations[:, 0])[:, None]
    rewards = np.ones((4, 1), np.float32)
    final, last = np.array([[3]], np.float32), np.array([[1]], np.float32)
    zeros = np.zeros((4, 1), np.float32)
    segment = Segment(observations, np.zeros((4, 1, 1), np.int64), zeros, values, rewards, none, cut, final, last)
    gained = training.samples(segment).advantages
    expected = 1 + 0.9 * training.learner.values(final)[0] - values[2, 0]
    wrong = 1 + 0.9 * training.learner.values(observations[3])[0] - values[2, 0]
    assert gained[2] == pytest.approx(expected, abs=1e-6)
    assert abs(expected - wrong) > 1e-3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Fallible-v0", "the wheel came off"),
        ("NoNumber-v0", "no finite number"),
        ("Overflowing-v0", "learning diverged"),
        ("Endless-v0", "no finite number"),
        ("Rewardless-v0", "failed at a step: TypeError"),
        ("Misshapen-v0", "failed at a step: ValueError"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_an_environment_that_misbehaves_is_told_of(tmp_path: Path, name: str, message: str, workers: int) -> None:
    """What it raised, a reward that is no number, or one that nothing can be learned of, ends the run clearly."""
    with pytest.raises(AgentctlError, match=message):
        _train(tmp_path, f"support.environs:{name}", Means(workers))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    """A checkpoint that is cut short, or has a pickle in it, is told of."""
    _train(tmp_path, stopped=_after(2))
    path = Runs(tmp_path).find("latest").checkpoint
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match="can't go on"):
        _train(tmp_path)
    for at in (6, 8, 10, len(whole) - 80):  # zip's own fields, of which its sums know nothing
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with pytest.raises(StorageError, match="can't go on"):
            _train(tmp_path)
    np.savez(path, about=np.array([object()], object))
    with pytest.raises(StorageError, match="can't go on"):
        _train(tmp_path)


def test_a_policy_is_measured_on_fresh_episodes(tmp_path: Path) -> None:
    """So many episodes are played, the same for a seed, all of them to their end."""
    policy = artifact(_train(tmp_path, "support.environs:Cut-v0").training)
    found = evaluate(policy, None, 21, 0)
    assert (found.episodes, found.mean_return, found.std, found.mean_length, found.unfinished) == (21, 3, 0, 3, 0)
    walked = artifact(_train(tmp_path / "walk").training)
    assert evaluate(walked, None, 20, 1) == evaluate(walked, None, 20, 1) != evaluate(walked, None, 20, 2)


@pytest.mark.parametrize("name", ["Blinding", "NoNumber", "Rewardless"])
def test_a_policy_is_not_measured_by_what_is_no_number(tmp_path: Path, name: str) -> None:
    """An environment that gives NaN, or nothing, for an observation or a reward is told of."""
    policy = artifact(_train(tmp_path, "support.environs:Corridor-v0").training)
    with pytest.raises(AgentctlError, match=f"{name}-v0"):
        evaluate(policy, f"support.environs:{name}-v0", 2, 0)


def test_a_policy_of_another_kind_or_shape_is_refused(tmp_path: Path) -> None:
    """One that chooses models plays nothing, and one for an environment plays none that shows something else."""
    routing = pack({"format": 1, "kind": "routing", "seed": 0}, {})
    with pytest.raises(UsageError, match="chooses models"):
        evaluate(routing, WALK, 1, 0)
    with pytest.raises(UsageError, match="sees 2 numbers"):
        evaluate(artifact(_train(tmp_path).training), "CartPole-v1", 1, 0)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"learning_rat": "1"}, "no hyperparameter", "learning_rate"),
        ({"learning_rate": "fast"}, "a number", "--set"),
        ({"gamma": "1.5"}, "gamma has to be", "--set"),
        ({"epochs": "0"}, "epochs has to be", "--set"),
        ({"hidden": "64xx"}, "hidden", "64x64"),
        ({"anneal": "maybe"}, "true or false", "--set"),
        ({"learning_rate": "nan"}, "learning_rate has to be", "--set"),
    ],
)
def test_a_hyperparameter_without_sense_is_refused(given: dict[str, str], message: str, hint: str) -> None:
    """An unknown name is met with a near one, and a value that makes no sense with what does."""
    with pytest.raises(UsageError, match=message) as told:
        recipe(WALK, 0, None, None, given)
    assert hint in (told.value.hint or "")
