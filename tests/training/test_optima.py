"""Learners find what is known to be best: of a bandit, of one with contexts, and of a chain of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentctl.training.batch import Batch
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner
from agentctl.training.network import Shape

Numbers = NDArray[np.float64]

SWIFT = Hyperparameters(learning_rate=5e-3, minibatch=64, value_clip=None, gamma=0.9)
SAMPLES = 256


def learn(learner: Learner, observations: Numbers, rewards: Numbers, rng: np.random.Generator, progress: float) -> None:
    """One update from acting once on each observation; `rewards` are those of each action, drawn beforehand."""
    seen = observations.astype(np.float32)
    acted = learner.act(seen, rng)
    got = np.take_along_axis(rewards, acted.actions, axis=1)[:, 0].astype(np.float32)
    advantages = got - acted.values
    learner.update(Batch(seen, acted.actions, acted.log_probabilities, advantages, got, acted.values), progress)


def test_bandit() -> None:
    """The arm that pays most often is taken nearly always, and the value is what it pays."""
    pays = np.array([0.2, 0.5, 0.8, 0.4])
    rng = np.random.default_rng(0)
    learner = Learner(Shape(1, (4,), (16,)), SWIFT, 0)
    for at in range(30):
        learn(learner, np.ones((SAMPLES, 1)), (rng.random((SAMPLES, 4)) < pays).astype(float), rng, at / 30)
    acted = learner.act(np.ones((1000, 1)), rng)
    assert (acted.actions == 2).mean() > 0.95
    assert abs(acted.values[0] - 0.8) < 0.08


def test_contextual_bandit() -> None:
    """It gets at least .97 of what the policy gets that knows each arm's chance in each context."""
    rng = np.random.default_rng(1)
    slopes = rng.normal(0, 2, (3, 2))

    def chances(contexts: Numbers) -> Numbers:
        return np.asarray(1 / (1 + np.exp(-contexts @ slopes.T)))

    learner = Learner(Shape(2, (3,), (32, 32)), SWIFT, 1)
    for at in range(60):
        contexts = rng.normal(size=(SAMPLES, 2))
        learn(learner, contexts, (rng.random((SAMPLES, 3)) < chances(contexts)).astype(float), rng, at / 60)
    fresh = rng.normal(size=(4000, 2))
    known = chances(fresh)
    ours = np.take_along_axis(known, learner.greedy(fresh), axis=1).mean()
    best, even = known.max(axis=1).mean(), known.mean()
    assert ours - even > 0.97 * (best - even)


STATES, STEPS, CHAINS = 6, 16, 32
LEFT, RIGHT = 0.1, 1.0
"""What it pays to go left in the first state, again and again, and right in the last, once."""


def optimum(gamma: float) -> tuple[Numbers, list[bool]]:
    """The value of each state, and whether to go right there, by value iteration."""
    values = np.zeros(STATES)
    for _ in range(500):
        left = gamma * np.concatenate([values[:1], values[:-1]]) + LEFT * (np.arange(STATES) == 0)
        right = gamma * np.concatenate([values[1:], [0]]) + RIGHT * (np.arange(STATES) == STATES - 1)
        values = np.maximum(left, right)
    return values, (right > left).tolist()


def walk(learner: Learner, rng: np.random.Generator, progress: float) -> None:
    """One update from walks that begin anywhere and begin anew where they end, at the right."""
    states = rng.integers(STATES, size=CHAINS)
    rows, acts = [], []
    for _ in range(STEPS):
        acts.append(learner.act(np.eye(STATES)[states], rng))
        going = acts[-1].actions[:, 0]
        ends = (going == 1) & (states == STATES - 1)
        rows.append((states, np.where(ends, RIGHT, LEFT * ((going == 0) & (states == 0))), ends))
        states = np.where(ends, rng.integers(STATES, size=CHAINS), np.clip(states + 2 * going - 1, 0, STATES - 1))
    gamma, lam = learner.hyperparameters.gamma, learner.hyperparameters.lam
    following, advantage = learner.values(np.eye(STATES)[states]), np.zeros(CHAINS, np.float32)
    advantages = np.empty((STEPS, CHAINS), np.float32)
    for at in reversed(range(STEPS)):
        _, rewards, ends = rows[at]
        error = rewards + gamma * following * ~ends - acts[at].values
        advantage = error + gamma * lam * advantage * ~ends
        advantages[at], following = advantage, acts[at].values
    flat = advantages.ravel()
    values = np.concatenate([one.values for one in acts])
    learner.update(
        Batch(
            np.eye(STATES, dtype=np.float32)[np.concatenate([row[0] for row in rows])],
            np.concatenate([one.actions for one in acts]),
            np.concatenate([one.log_probabilities for one in acts]),
            flat,
            flat + values,
            values,
        ),
        progress,
    )


def test_chain() -> None:
    """It takes what pays little where that is near, goes past it elsewhere, and knows what each state is worth."""
    rng = np.random.default_rng(2)
    learner = Learner(Shape(STATES, (2,), (32,)), SWIFT, 2)
    for at in range(60):
        walk(learner, rng, at / 60)
    values, right = optimum(SWIFT.gamma)
    assert right == [False, False, False, True, True, True]
    assert (learner.greedy(np.eye(STATES))[:, 0] == right).all()
    assert np.abs(learner.values(np.eye(STATES)) - values).max() < 0.1
