"""How long estimates of advantages take, beside CleanRL's, Stable-Baselines3's and RLlib's loops, in one run.

    python tests/bench/gae.py [ROUNDS]

All get the same experience in the form that they keep it in, and must agree. They take turns; printed are
medians of the time that their one thread computes, so that other work on the machine counts as little as may be.
"copy" is numpy's copy of every array that is read, each to a new one. It takes turns with agentctl call by call, so
that both find the same in the processor's caches: a copy that only follows itself finds everything.

RLlib's function is that of the release installed. Up to 2.55 it was another: that loop, whose numbers went into a list
and were stacked, takes more than three times as long a step.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from ray.rllib.utils.postprocessing.value_predictions import compute_value_targets
from stable_baselines3.common.buffers import RolloutBuffer

from agentctl.training.blas import one_thread
from agentctl.training.gae import advantages

GAMMA, LAM = 0.99, 0.95
ROUNDS = 15
COPIES = 5.5  # times the copy that flat experience may take
RLLIBS = 200  # times as long as RLlib must take for flat experience
OURS, COPY, CLEANRL, SB3, RLLIB = "agentctl", "copy", "CleanRL", "SB3", "RLlib"

Array = NDArray[Any]
Work = Callable[[], Array]


@dataclass(frozen=True)
class Case:
    """One shape of experience: who works on it, and how many times faster than whom it must be done."""

    name: str
    contenders: dict[str, Work]
    bars: dict[str, float]
    copies: float | None = None


def cleanrl(rewards: Array, values: Array, terminated: Array, last_value: Array) -> Work:
    """The loop of CleanRL's ppo.py (github.com/vwxyzjn/cleanrl), with its tensors: `dones` of the step before."""
    dones = np.concatenate([np.zeros_like(terminated[:1]), terminated]).astype(np.float32)
    device = torch.device("cpu")
    reward, value = torch.from_numpy(rewards), torch.from_numpy(values)
    done, next_done = torch.from_numpy(dones[:-1]), torch.from_numpy(dones[-1])
    next_value = torch.from_numpy(last_value).reshape(1, -1)

    def work() -> Array:
        with torch.no_grad():
            found = torch.zeros_like(reward).to(device)
            lastgaelam: Any = 0
            steps = len(reward)
            for t in reversed(range(steps)):
                if t == steps - 1:
                    nextnonterminal = 1.0 - next_done
                    nextvalues = next_value
                else:
                    nextnonterminal = 1.0 - done[t + 1]
                    nextvalues = value[t + 1]
                delta = reward[t] + GAMMA * nextvalues * nextnonterminal - value[t]
                found[t] = lastgaelam = delta + GAMMA * LAM * nextnonterminal * lastgaelam
        return np.asarray(found.numpy())

    return work


def sb3(rewards: Array, values: Array, terminated: Array, last_value: Array) -> Work:
    """Stable-Baselines3's own buffer."""
    steps, lanes = rewards.shape
    space = spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(steps, space, space, "cpu", gae_lambda=LAM, gamma=GAMMA, n_envs=lanes)
    buffer.rewards, buffer.values = rewards, values
    buffer.episode_starts = np.concatenate([np.zeros_like(terminated[:1]), terminated[:-1]]).astype(np.float32)
    last = torch.from_numpy(last_value)

    def work() -> Array:
        buffer.compute_returns_and_advantage(last, terminated[-1])
        return np.asarray(buffer.advantages)

    return work


def rllib(rewards: Array, values: Array, terminated: Array, last_value: float) -> Work:
    """RLlib's own function, for one row of steps, which it wants one more of at the end."""
    reward, value = np.append(rewards, np.float32(0)), np.append(values, np.float32(last_value))
    over, cut = np.append(terminated, False), np.zeros(len(reward), np.bool_)
    cut[-2] = True

    def work() -> Array:
        targets = compute_value_targets(value, reward, over, cut, GAMMA, LAM)
        return np.asarray((targets - value)[:-1])

    return work


def copying(*arrays: Array) -> Work:
    """Copies of all of them."""
    return lambda: [array.copy() for array in arrays][0]  # noqa: RUF015 - all are made


def grid(steps: int, lanes: int, bars: dict[str, float]) -> Case:
    """Environments side by side, a step in fifty the last of its episode."""
    rng = np.random.default_rng(0)
    rewards, values = rng.standard_normal((2, steps, lanes)).astype(np.float32)
    terminated = rng.random((steps, lanes)) < 1 / 50
    last = rng.standard_normal(lanes).astype(np.float32)
    given = (rewards, values, terminated, last)

    def ours() -> Array:
        return advantages(rewards, values, terminated=terminated, last_value=last, gamma=GAMMA, lam=LAM)

    works = {OURS: ours, COPY: copying(*given), CLEANRL: cleanrl(*given), SB3: sb3(*given)}
    return Case(f"({steps}, {lanes})", works, bars)


def trajectory(steps: int) -> Case:
    """One environment's steps, one in a hundred the last of its episode."""
    rng = np.random.default_rng(1)
    rewards, values = rng.standard_normal((2, steps)).astype(np.float32)
    terminated = rng.random(steps) < 1 / 100

    def ours() -> Array:
        return advantages(rewards, values, terminated=terminated, last_value=0.5, gamma=GAMMA, lam=LAM)

    works = {OURS: ours, COPY: copying(rewards, values, terminated), RLLIB: rllib(rewards, values, terminated, 0.5)}
    return Case(f"one of {steps:,}", works, {RLLIB: RLLIBS}, COPIES)


def ragged(episodes: int) -> Case:
    """Episodes of 1 to 50 steps one after the other, each of them terminated."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(1, 51, episodes)
    steps = int(lengths.sum())
    rewards, values = rng.standard_normal((2, steps)).astype(np.float32)
    terminated = np.zeros(steps, np.bool_)
    terminated[np.cumsum(lengths) - 1] = True
    last = rng.standard_normal(episodes).astype(np.float32)

    def ours() -> Array:
        return advantages(
            rewards, values, terminated=terminated, last_value=last, lengths=lengths, gamma=GAMMA, lam=LAM
        )

    copy = copying(rewards, values, terminated, last, lengths)
    works = {OURS: ours, COPY: copy, RLLIB: rllib(rewards, values, terminated, 0.0)}
    return Case(f"{episodes:,} of {steps:,}", works, {RLLIB: RLLIBS}, COPIES)


def agree(case: Case) -> None:
    """Stop if a contender estimates something else."""
    ours = case.contenders[OURS]()
    for name, work in case.contenders.items():
        if name not in (OURS, COPY):
            np.testing.assert_allclose(work(), ours, rtol=0, atol=1e-5 * float(np.abs(ours).max()), err_msg=name)


def medians(case: Case, rounds: int) -> dict[str, float]:
    """Seconds that each contender takes, in turns; the short ones often in a turn."""
    times: dict[str, list[float]] = {name: [] for name in case.contenders}
    close = {name: case.contenders[name] for name in (OURS, COPY)}
    groups = [close, *({name: work} for name, work in case.contenders.items() if name not in close)]
    for _ in range(rounds):
        for group in groups:
            for name, seconds in alternating(group):
                times[name].append(seconds)
    return {name: statistics.median(found) for name, found in times.items()}


def alternating(works: dict[str, Work]) -> Iterator[tuple[str, float]]:
    """Times of one call each after another, for a fiftieth of a second or once; the first of several only warm up."""
    until = time.thread_time() + 0.02
    first = True
    while True:
        times = {name: timed(work) for name, work in works.items()}
        over = time.thread_time() >= until
        if over or not first:
            yield from times.items()
        first = False
        if over:
            return


def timed(work: Work) -> float:
    """Seconds that a call takes."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def report(case: Case, took: dict[str, float]) -> bool:
    """Print how long each took, and tell whether a bar is missed."""
    ours, missed = took[OURS], False
    print(f"{case.name:24}{ours * 1e6:12,.1f} µs", end="")
    for name, seconds in took.items():
        if name == OURS:
            continue
        bar = case.bars.get(name)
        short = bar is not None and seconds / ours < bar
        late = name == COPY and case.copies is not None and ours / seconds > case.copies
        missed |= short or late
        ratio = f"{ours / seconds:.1f} times" if name == COPY else f"{seconds / ours:.0f} times as long"
        wanted = case.copies if name == COPY else bar
        print(f"   {name} {seconds * 1e6:,.1f} µs {ratio}" + (f" (bar {wanted:g})" if wanted else ""), end="")
        print(" MISSED" if short or late else "", end="")
    print()
    return missed


def main() -> None:
    """Measure, print a line a shape, and leave with 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    torch.set_num_threads(1)
    missed = False
    with one_thread():
        for case in (
            grid(128, 8, {CLEANRL: 80, SB3: 14}),
            grid(128, 1024, {CLEANRL: 9}),
            grid(2048, 64, {CLEANRL: 80}),
            ragged(100_000),
            trajectory(1_000_000),
        ):
            agree(case)
            missed |= report(case, medians(case, rounds))
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
