"""What a run on an environment leaves: a policy that can be kept, and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.errors import AgentctlError, UsageError
from agentctl.learning.artifacts import Artifact, pack
from agentctl.learning.environments.training import Training
from agentctl.training.batch import BatchError
from agentctl.training.blas import one_thread
from agentctl.training.envs import Envs, probe
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner
from agentctl.training.network import Shape

_BOUNDED = "an environment should give numbers, and no NaN or infinity"
_LANES = 16  # episodes that are played side by side
_LONGEST = 10_000  # steps of an episode that nothing else ends: one that goes in circles never would


def artifact(training: Training) -> Artifact:
    """The policy of a run; the same recipe makes the same one."""
    recipe = training.recipe
    manifest = {
        "format": 1,
        "kind": "environment",
        "seed": recipe.seed,
        "source": {
            "environment": recipe.environment,
            "steps": recipe.steps,
            "envs": recipe.envs,
            "horizon": recipe.horizon,
        },
        "shape": asdict(recipe.shape),
        "hyperparameters": asdict(recipe.hyperparameters),
        "param_sha256": training.learner.sha256,
        "metrics": {
            "mean_return_100": training.book.mean_return,
            "episodes": training.book.episodes,
            "steps": training.steps,
        },
    }
    return pack(manifest, {"parameters": training.learner.parameters.copy()})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What episodes returned.

    Args:
        std: the deviation of their returns.
        unfinished: how many were cut short here, after 10,000 steps, as the environment ends none.
    """

    episodes: int
    mean_return: float
    std: float
    least: float
    most: float
    mean_length: float
    unfinished: int


def evaluate(policy: Artifact, environment: str | None, episodes: int, seed: int) -> Evaluation:
    """Play so many fresh episodes, always by the likeliest action; its own environment if None is named.

    Raises:
        UsageError: the policy is not for an environment, or not for one of this shape.
        ConfigError: the environment needs a package that is missing.
    """
    manifest = policy.manifest
    if manifest["kind"] != "environment":
        hint = "agentctl train eval POLICY --tasks FILE"
        raise UsageError(f"policy {policy.sha[:12]} chooses models, and does not act in environments", hint=hint)
    name = environment or str(manifest["source"]["environment"])
    learner = _learner(policy, manifest, name)
    played = _play(learner, name, episodes, seed)
    returns = np.array([returned for returned, _, _ in played])
    if not np.isfinite(returns).all():
        raise AgentctlError(f"{name} gave a reward that is no finite number", hint=_BOUNDED)
    return Evaluation(
        episodes,
        float(returns.mean()),
        float(returns.std()),
        float(returns.min()),
        float(returns.max()),
        float(np.mean([length for _, length, _ in played])),
        sum(unfinished for *_, unfinished in played),
    )


def _learner(policy: Artifact, manifest: Mapping[str, Any], name: str) -> Learner:
    kept = manifest["shape"]
    shape = Shape(kept["observation"], tuple(kept["actions"]), tuple(kept["hidden"]))
    codec = probe(name)
    if (codec.observation, codec.actions) != (shape.observation, shape.actions):
        raise UsageError(
            f"policy {policy.sha[:12]} sees {shape.observation} numbers and chooses of {_told(shape.actions)}; "
            f"{name} shows {codec.observation} and takes {_told(codec.actions)}",
            hint=f"it was trained for {manifest['source']['environment']}",
        )
    learner = Learner(shape, Hyperparameters(**manifest["hyperparameters"]), 0)
    learner.parameters[:] = policy.arrays["parameters"]
    return learner


def _greedy(learner: Learner, envs: Envs) -> NDArray[np.int64]:
    try:
        return learner.greedy(envs.observations)
    except BatchError as error:
        raise AgentctlError(f"{envs.identifier}: {error}", hint=_BOUNDED) from error


def _told(actions: tuple[int, ...]) -> str:
    return " by ".join(map(str, actions)) + " actions"


def _play(learner: Learner, name: str, episodes: int, seed: int) -> list[tuple[float, int, bool]]:
    """The return and length of each episode, and whether it was cut short here."""
    lanes = min(episodes, _LANES)
    wanted = [len(range(lane, episodes, lanes)) for lane in range(lanes)]
    envs = Envs(name, f"evaluation/{seed}", range(lanes))
    returned, length = [0.0] * lanes, [0] * lanes
    played: list[tuple[float, int, bool]] = []
    with one_thread():
        while any(wanted):
            outcome = envs.step(_greedy(learner, envs))
            ended = (outcome.terminated | outcome.truncated).tolist()
            for lane, reward in enumerate(outcome.rewards.tolist()):
                returned[lane] += reward
                length[lane] += 1
                if not (ended[lane] or length[lane] == _LONGEST):
                    continue
                if wanted[lane]:
                    wanted[lane] -= 1
                    played.append((returned[lane], length[lane], not ended[lane]))
                if not ended[lane]:
                    envs.next_episode(lane)
                returned[lane], length[lane] = 0.0, 0
    envs.close()
    return played
