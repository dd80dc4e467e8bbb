"""How long an update takes: this program's, CleanRL's loss in torch, and torch as fast as it gets without a compiler.

    python tests/bench/ppo.py [ROUNDS]

One update is 4 epochs of 2,048 samples in minibatches of 256: observations of 64 numbers, an actor and a critic with
two layers of 64 units each, 4 actions, in float32. Each contender has one thread, and all take turns in one process;
the times are medians, and so are the ratios, of times that were taken next to each other. Below: one observation acted
on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.torch_ppo import CleanRL, Fused, tensors

from agentctl.training.batch import Batch
from agentctl.training.blas import one_thread
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner
from agentctl.training.network import Shape

SHAPE = Shape(observation=64, actions=(4,))
HYPER = Hyperparameters(epochs=4, minibatch=256)
SAMPLES = 2048
ROUNDS = 30
ACTS = 2000
BARS = {CleanRL.name: 4.0, Fused.name: 3.0}


def sample(learner: Learner, rng: np.random.Generator) -> Batch:
    """What the learner did for random observations, and made-up advantages."""
    observations = rng.standard_normal((SAMPLES, SHAPE.observation), np.float32)
    acted = learner.act(observations, rng)
    advantages = rng.standard_normal(SAMPLES, np.float32)
    return Batch(
        observations, acted.actions, acted.log_probabilities, advantages, advantages + acted.values, acted.values
    )


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def updates(rounds: int) -> bool:
    """Print how long updates take; return whether all bars are met."""
    rng = np.random.default_rng(0)
    learner = Learner(SHAPE, HYPER, 0)
    batch = sample(learner, rng)
    columns = tensors(batch)
    peers = [CleanRL(SHAPE, HYPER), Fused(SHAPE, HYPER)]
    works: dict[str, Callable[[], object]] = {"agentctl": lambda: learner.update(batch, 0)}
    works |= {peer.name: lambda peer=peer: peer.update(columns, rng) for peer in peers}  # type: ignore[misc]
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 2):
        for name, work in works.items():
            once = seconds(work)
            if turn > 1:
                times[name].append(once)
    met = True
    print(f"{'an update':16}{'median':>12}{'ratio':>9}{'bar':>7}")
    for name, spent in times.items():
        ratio = median(theirs / ours for theirs, ours in zip(spent, times["agentctl"], strict=True))
        met &= ratio >= BARS.get(name, 0)
        print(f"  {name:14}{median(spent) * 1000:9.2f} ms{ratio:8.2f}x{BARS.get(name, 1):5.0f}x")
    return met


def acts() -> None:
    """Print how long it takes to act on one observation."""
    rng = np.random.default_rng(0)
    learner = Learner(SHAPE, HYPER, 0)
    one = rng.standard_normal(SHAPE.observation, np.float32)
    works: dict[str, Callable[[], object]] = {
        "act": lambda: learner.act(one, rng),
        "greedy": lambda: learner.greedy(one),
    }
    for name, work in works.items():
        print(f"  {name:14}{median(seconds(work) for _ in range(ACTS)) * 1e6:9.1f} µs")


def main() -> None:
    """Measure, print the tables, and leave with 1 if a bar is missed."""
    torch.set_num_threads(1)
    with one_thread():
        met = updates(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
        acts()
    sys.exit(int(not met))


if __name__ == "__main__":
    main()
