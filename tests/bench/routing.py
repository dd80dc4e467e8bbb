"""What is learnt of routing from tasks with both models' outcomes, on splits of them: `routing.py TASKS.jsonl.gz …`.

For each file: APGR of every learner on a quarter that none of them saw, by three splits; the reward of accepting a
cheap answer or escalating, at some cost weights, beside a tuned threshold and always asking the strong model; and in
how many of 100 logs of another policy the doubly robust interval has in it what the learnt policy really earns.
The tasks have two actions, `weak` and `strong`, at relative costs of .1 and 1.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.training.features import DEFAULT
from agentctl.training.ope import Logged, dr

AGENTCTL = Path(sys.executable).with_name("agentctl")
COSTS = {"weak": 0.1, "strong": 1.0}
SPLITS = 3
RESAMPLES = 100
WEIGHT = 0.2  # the success that the strong model's cost is worth, at which escalating is held to bars
EXPLORE = 0.2
BARS = {"best": 0.64, "ppo": 0.60, "seconds": 30.0, "threshold": 0.003, "strong": 0.05, "covered": 90}


def run(home: Path, *arguments: str | Path) -> Any:
    """The JSON document that a command prints."""
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "AGENTCTL_KEYRING": "off"}
    done = subprocess.run([AGENTCTL, *arguments, "--json"], env=environ, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def written(path: Path, tasks: Sequence[Mapping[str, Any]]) -> Path:
    """A file of these tasks."""
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return path


def halves(tasks: Sequence[Mapping[str, Any]], split: int, home: Path) -> tuple[Path, Path, list[Mapping[str, Any]]]:
    """Files of three quarters and of one quarter of the tasks, and the latter."""
    order = np.random.default_rng(split).permutation(len(tasks))
    count = len(tasks) // 4
    rest, held = ([tasks[n] for n in part] for part in (order[count:], order[:count]))
    return written(home / "learn.jsonl", rest), written(home / "held.jsonl", held), held


def ranked(tasks: Sequence[Mapping[str, Any]], home: Path) -> list[bool]:
    """Print how well learners rank, and return whether the bars are met."""
    found, seconds = [], []
    for split in range(SPLITS):
        learn, held, _ = halves(tasks, split, home)
        trained = run(home, "train", "run", "--tasks", learn, "--cost", "weak=0.1,strong=1", "--seed", str(split))
        told = run(home, "train", "eval", trained["policy"], "--tasks", held)
        found.append({"selected": told["apgr"], **{name: one["apgr"] for name, one in told["learners"].items()}})
        seconds.append(trained["wall_s"])
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    print("  APGR:", ", ".join(f"{name} {value:.4f}" for name, value in means.items()), f"in {max(seconds):.1f} s")
    return [means["selected"] >= BARS["best"], means["ppo"] >= BARS["ppo"], max(seconds) <= BARS["seconds"]]


def escalated(tasks: Sequence[Mapping[str, Any]], home: Path, weight: float) -> list[bool]:
    """Print what accepting or escalating earns, and return whether the bars are met."""
    found: list[dict[str, float]] = []
    for split in range(SPLITS):
        learn, held, _ = halves(tasks, split, home)
        asked = ("--cost", "weak=0.1,strong=1", "--set", "mode=escalate", "--cost-weight", str(weight))
        trained = run(home, "train", "run", "--tasks", learn, *asked, "--seed", str(split))
        told = run(home, "train", "eval", trained["policy"], "--tasks", held)
        rewards = {name: told["learners"][name]["reward"] for name in ("ppo", "threshold")}
        found.append({**rewards, "strong": told["always"]["strong"]["reward"]})
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    print(f"  escalate at {weight}:", ", ".join(f"{name} {value:.4f}" for name, value in means.items()))
    return [means["ppo"] >= means["threshold"] - BARS["threshold"], means["ppo"] >= means["strong"] + BARS["strong"]]


def covered(tasks: Sequence[Mapping[str, Any]], home: Path) -> list[bool]:
    """Print how often the interval of a log has the truth in it, and return whether the bar is met."""
    learn, held, rest = halves(tasks, 0, home)
    trained = run(home, "train", "run", "--tasks", learn, "--cost", "weak=0.1,strong=1")
    scores = home / "scores.jsonl"
    run(home, "train", "eval", trained["policy"], "--tasks", held, "--scores", scores)
    score = np.array([json.loads(line)["score"] for line in scores.read_text().splitlines()])
    success = np.array([[float(task["outcomes"][name]["success"]) for name in COSTS] for task in rest])
    rewards = success - 0.13 * np.array(list(COSTS.values()))
    target = np.eye(2)[(score > np.median(score)).astype(int)]
    truth = float((target * rewards).sum(axis=1).mean())
    features = DEFAULT.matrix([task["prompt"] for task in rest])
    inside = sum(_covers(rewards, features, target, truth, seed) for seed in range(RESAMPLES))
    print(f"  DR: the 95 % interval of {inside} of {RESAMPLES} logs of {len(rest)} decisions has {truth:.4f} in it")
    return [inside >= BARS["covered"]]


def _covers(
    rewards: NDArray[np.float64], features: NDArray[np.float32], target: NDArray[np.float64], truth: float, seed: int
) -> bool:
    """Whether the truth is in the interval of one log, in which mostly the strong model was asked."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(rewards), len(rewards))
    chosen = (rng.random(len(rows)) >= EXPLORE / 2).astype(np.int64)
    propensities = np.where(chosen == 1, 1 - EXPLORE / 2, EXPLORE / 2)
    earned = rewards[rows, chosen]
    log = Logged(features[rows], chosen, propensities, earned, np.ones((len(rows), 2), np.bool_))
    found = dr(log, target[rows], resamples=500, seed=seed)
    return found.low <= truth <= found.high


def main() -> int:
    """Measure each file; the bars are those of MMLU."""
    status = 0
    for name in sys.argv[1:]:
        with gzip.open(name, "rt") if name.endswith(".gz") else Path(name).open() as lines:
            tasks = [json.loads(line) for line in lines]
        print(f"{Path(name).name}: {len(tasks)} tasks")
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            met = ranked(tasks, home)
            shown = {weight: escalated(tasks, home, weight) for weight in (0.13, 0.2, 0.3)}
            met += shown[WEIGHT]
            met += covered(tasks, home)
        print("  bars met:", " ".join("yes" if one else "no" for one in met))
        status |= not all(met)
    return status


if __name__ == "__main__":
    sys.exit(main())
