"""How long it takes to learn CartPole: this program beside Stable-Baselines3's PPO, in one run.

    python tests/bench/train.py [ROUNDS]

Each learns from 100,000 steps of CartPole-v1 on one thread, with a seed of its own each round: this program as it does
without further options, Stable-Baselines3 by its own defaults and by the hyperparameters that RL Baselines3 Zoo has for
this environment. They take turns. Times are with what it takes to make the environments, and without imports; as each
has one thread, CPU time is what the clock would show if nobody else were there, and the ratio is of its medians, to the
faster of the two. Beside it stands what was learned: the mean return of the last 100 episodes of training.

Source of the latter: https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/hyperparams/ppo.yml
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from agentctl.learning.environments.running import Watch, recipe, train
from agentctl.learning.rollouts.means import Means
from agentctl.learning.runs import Runs

ENVIRONMENT = "CartPole-v1"
STEPS = 100_000
ROUNDS = 3
BAR = 4.0
OURS, DEFAULTS, ZOO = "agentctl", "SB3, its defaults", "SB3, the zoo's"


def ours(seed: int) -> float:
    """This program; returns what it learned."""
    with tempfile.TemporaryDirectory() as directory:
        run = Runs(Path(directory)).begin({})
        ran = train(run, recipe(ENVIRONMENT, seed, STEPS, None, {}), Means(), Watch())
    return ran.training.book.mean_return or 0.0


def defaults(seed: int) -> float:
    """Stable-Baselines3 as it comes."""
    return _learned(PPO("MlpPolicy", ENVIRONMENT, seed=seed, device="cpu"))


def zoo(seed: int) -> float:
    """Stable-Baselines3 as it was tuned."""
    model = PPO(
        "MlpPolicy",
        make_vec_env(ENVIRONMENT, 8, seed=seed),
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        ent_coef=0.0,
        learning_rate=lambda left: 1e-3 * left,
        clip_range=lambda left: 0.2 * left,
        seed=seed,
        device="cpu",
    )
    return _learned(model)


def _learned(model: PPO) -> float:
    model.learn(STEPS)
    return float(mean(episode["r"] for episode in model.ep_info_buffer or []))


CONTENDERS: dict[str, Callable[[int], float]] = {OURS: ours, DEFAULTS: defaults, ZOO: zoo}


def main() -> None:
    """Measure, print the table, and leave with 1 if the bar is missed."""
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    spent: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    clock: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    returns: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for seed in range(rounds):
        for name, contender in CONTENDERS.items():
            began, began_clock = time.process_time(), time.perf_counter()
            returns[name].append(contender(seed))
            spent[name].append(time.process_time() - began)
            clock[name].append(time.perf_counter() - began_clock)
    print(f"{ENVIRONMENT}, {STEPS:,} steps    CPU s   clock s   mean return   ratio")
    for name, seconds in spent.items():
        ratio = median(seconds) / median(spent[OURS])
        cells = f"{median(seconds):8.1f}{median(clock[name]):10.1f}{mean(returns[name]):14.1f}{ratio:7.2f}x"
        print(f"  {name:26}{cells}")
    reached = min(median(spent[name]) for name in (DEFAULTS, ZOO)) / median(spent[OURS])
    print(f"{reached:.2f} times as fast as the faster one; the bar is {BAR:g}")
    sys.exit(int(reached < BAR))


if __name__ == "__main__":
    main()
