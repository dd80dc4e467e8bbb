"""Learners: reproducible to the bit, robust where samples are few or alike, and deaf to what is no sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.samples import sample

from agentctl.training.batch import Batch, BatchError
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.learner import Learner
from agentctl.training.network import Shape

SHAPE = Shape(3, (2, 3), (8, 8))
HYPER = Hyperparameters(learning_rate=3e-3, minibatch=16, epochs=2)


def batches(count: int, *, samples: int = 40) -> list[Batch]:
    """So many batches, with a last minibatch that is smaller than the others."""
    return [sample(SHAPE, samples, np.random.default_rng(at), masked=True) for at in range(count)]


def acted(learner: Learner, count: int, **changes: Any) -> Batch:
    """What the learner did itself, and random advantages."""
    rng = np.random.default_rng(0)
    observations = rng.standard_normal((count, SHAPE.observation), np.float32)
    done = learner.act(observations, rng)
    advantages = rng.standard_normal(count, np.float32)
    made = Batch(observations, done.actions, done.log_probabilities, advantages, advantages + done.values, done.values)
    return replace(made, **changes)


def test_a_seed_gives_the_same_bits() -> None:
    """Two learners of a seed are the same after each update; another seed's is not."""
    learners = [Learner(SHAPE, HYPER, seed) for seed in (1, 1, 2)]
    assert learners[0].sha256 == learners[1].sha256 != learners[2].sha256
    for batch in batches(3):
        before = learners[0].sha256
        updates = [learner.update(batch, 0.1) for learner in learners]
        assert updates[0] == updates[1]
        assert learners[0].sha256 == learners[1].sha256
        assert learners[0].sha256 != before


def test_resuming_changes_nothing() -> None:
    """Two updates, and two more by another learner that took over the state, are four updates, to the bit."""
    straight, first, second = (Learner(SHAPE, HYPER, seed) for seed in (1, 1, 9))
    for at, batch in enumerate(batches(4)):
        straight.update(batch, at / 4)
    for at, batch in enumerate(batches(4)[:2]):
        first.update(batch, at / 4)
    second.restore(first.state())
    for at, batch in enumerate(batches(4)[2:], 2):
        second.update(batch, at / 4)
    assert second.sha256 == straight.sha256
    states = straight.state(), second.state()
    assert all((states[0][name] == states[1][name]).all() for name in states[0])


def test_a_state_is_a_copy() -> None:
    """Learning on does not change a state that was kept."""
    learner = Learner(SHAPE, HYPER, 1)
    state, before = learner.state(), learner.sha256
    learner.update(batches(1)[0], 0)
    learner.restore(state)
    assert learner.sha256 == before


@pytest.mark.parametrize(
    "broken",
    [
        lambda state: state.pop("first"),
        lambda state: state.update(parameters=state["parameters"][:-1]),
        lambda state: state.update(second=state["second"] * np.float32(np.nan)),
        lambda state: state.update(rng=np.frombuffer(b"{}", np.uint8)),
        lambda state: state.update(rng=state["rng"][:-5]),
        lambda state: state.pop("rng"),
    ],
)
def test_a_broken_state_is_refused(broken: Callable[[dict[str, Any]], object]) -> None:
    """What is not a state of such a learner is refused, and changes nothing."""
    learner = Learner(SHAPE, HYPER, 1)
    state = Learner(SHAPE, HYPER, 2).state()
    broken(state)
    before = learner.state()
    with pytest.raises(BatchError, match="no state"):
        learner.restore(state)
    assert all((learner.state()[name] == before[name]).all() for name in before)


def test_the_ratio_is_1_once_only() -> None:
    """The first minibatch of the first epoch finds the policy that acted; every later one another policy."""
    learner = Learner(SHAPE, replace(HYPER, minibatch=40, epochs=1, normalise=False), 1)
    batch = acted(learner, 40)
    first, second = learner.update(batch, 0), learner.update(batch, 0)
    assert first.kl == pytest.approx(0, abs=1e-9)
    assert first.policy_loss == pytest.approx(-float(batch.advantages.mean()), abs=1e-6)
    assert first.clip_fraction == 0
    assert second.kl > 1e-6
    halves = Learner(SHAPE, replace(HYPER, minibatch=20, epochs=1), 1).update(batch, 0)
    assert halves.kl > 1e-6


@pytest.mark.parametrize("samples", [1, 17, 33])
def test_a_minibatch_of_one(samples: int) -> None:
    """One sample has no deviation, and is learnt from all the same."""
    learner = Learner(SHAPE, HYPER, 1)
    before = learner.sha256
    done = learner.update(acted(learner, samples), 0)
    assert not done.restored
    assert np.isfinite(learner.parameters).all()
    assert learner.sha256 != before


@pytest.mark.parametrize("advantage", [0, 0.1, -3.7, 1e6])
def test_equal_advantages_teach_nothing(advantage: float) -> None:
    """Rounding is not blown up where advantages have no deviation: the policy's logits stay what they are."""
    learner = Learner(SHAPE, replace(HYPER, entropy=0, epochs=1), 1)
    batch = acted(learner, 37, advantages=np.full(37, advantage, np.float32))
    before = learner.act(batch.observations, np.random.default_rng(5))
    done = learner.update(batch, 0)
    after = learner.act(batch.observations, np.random.default_rng(5))
    assert done.policy_loss == 0
    assert (before.log_probabilities == after.log_probabilities).all()
    assert not (before.values == after.values).all()


@pytest.mark.parametrize("field", ["returns", "advantages"])
@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")
def test_what_is_not_finite_is_undone(field: str) -> None:
    """A loss that overflows leaves parameters, moments and steps as they were, and the update says so."""
    learner = Learner(SHAPE, replace(HYPER, normalise=False), 1)
    learner.update(batches(1)[0], 0)
    before = learner.state()
    huge = acted(learner, 40)
    getattr(huge, field)[-1] = 3e38 if field == "advantages" else 1e30
    huge.log_probabilities[-1] = -50
    done = learner.update(huge, 0)
    assert done.restored
    after = learner.state()
    assert all((before[name] == after[name]).all() for name in ("parameters", "first", "second", "steps"))
    assert not learner.update(batches(1)[0], 0).restored


def test_an_epoch_too_far_is_the_last() -> None:
    """Epochs end once the policy is further from the one that acted than it may be."""
    eager = Hyperparameters(learning_rate=0.05, epochs=10, minibatch=16, target_kl=0.01)
    learner = Learner(SHAPE, eager, 1)
    done = learner.update(acted(learner, 64), 0)
    assert done.epochs < 10
    assert done.kl > 0.01
    free = Learner(SHAPE, replace(eager, target_kl=None), 1)
    assert free.update(acted(free, 64), 0).epochs == 10


def test_the_rate_goes_down() -> None:
    """Half the way through training steps are half as long, and at its end there are none; unless it is constant."""

    def moved(progress: float, *, anneal: bool = True) -> float:
        learner = Learner(SHAPE, replace(HYPER, epochs=1, minibatch=40, anneal=anneal), 1)
        before = learner.parameters.copy()
        learner.update(batches(1)[0], progress)
        return float(np.abs(learner.parameters - before).max())

    assert moved(0.5) == pytest.approx(moved(0) / 2, rel=1e-3)
    assert moved(1) == 0
    assert moved(1, anneal=False) == moved(0, anneal=False) == moved(0)


def test_long_gradients_are_cut() -> None:
    """Adam gets a gradient of the length that was asked for; a shorter one as it is."""

    def first(longest: float) -> tuple[float, float]:
        learner = Learner(SHAPE, replace(HYPER, epochs=1, minibatch=40, max_grad_norm=longest), 1)
        done = learner.update(batches(1)[0], 0)
        return done.gradient_norm, float(np.linalg.norm(learner.state()["first"]))

    norm, kept = first(1e6)
    assert kept == pytest.approx(norm, rel=1e-5)
    assert first(norm / 3) == pytest.approx((norm, norm / 3), rel=1e-3)


def refused(field: str, value: float, row: int = 3) -> Batch:
    """Samples with one number that can't be."""
    batch = sample(SHAPE, 8, np.random.default_rng(0), masked=True)
    getattr(batch, field)[row] = value
    return batch


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        (refused("log_probabilities", np.nan), "log probabilities"),
        (refused("log_probabilities", -np.inf), "log probabilities"),
        (refused("log_probabilities", 0.1), "above 0"),
        (refused("observations", np.inf), "observations"),
        (refused("advantages", np.nan), "advantages"),
        (refused("returns", np.nan), "returns"),
        (refused("values", -np.inf), "values"),
        (refused("actions", -1), "none of"),
        (refused("actions", 2), "none of"),
        (refused("mask", False), "masked"),
        (replace(batches(1, samples=4)[0], actions=np.zeros((4, 1), np.int64)), "shape"),
        (replace(batches(1, samples=4)[0], values=np.zeros((4, 1), np.float32)), "shape"),
        (replace(batches(1, samples=4)[0], mask=np.ones((4, 2), np.bool_)), "shape"),
        (replace(batches(1, samples=4)[0], observations=np.zeros((4, 9), np.float32)), "shape"),
        (replace(batches(1, samples=4)[0], actions=np.zeros((4, 2), np.float32)), "integers"),
    ],
)
def test_bad_samples_are_refused(batch: Batch, why: str) -> None:
    """Nothing is learnt of what has no propensity, no number, no known action or another shape; it says which."""
    learner = Learner(SHAPE, HYPER, 1)
    before = learner.sha256
    with pytest.raises(ValueError, match=why):
        learner.update(batch, 0)
    assert learner.sha256 == before


def test_a_forbidden_action_is_refused() -> None:
    """An action that the mask forbids can't have been taken."""
    batch = sample(SHAPE, 8, np.random.default_rng(0), masked=True)
    assert batch.mask is not None
    batch.mask[2, :2] = [True, False]
    batch.actions[2, 0] = 1
    with pytest.raises(BatchError, match="forbids"):
        Learner(SHAPE, HYPER, 1).update(batch, 0)


def test_no_samples_are_refused() -> None:
    """Neither is nothing learnt of no samples, nor beyond the end."""
    with pytest.raises(BatchError, match="no samples"):
        Learner(SHAPE, HYPER, 1).update(batches(1, samples=0)[0], 0)
    with pytest.raises(BatchError, match="progress"):
        Learner(SHAPE, HYPER, 1).update(batches(1)[0], 1.1)


@pytest.mark.parametrize(
    ("observations", "mask", "why"),
    [
        ([[0, np.nan, 0]], None, "finite"),
        ([0, np.inf, 0], None, "finite"),
        ([[0, 0]], None, "shape"),
        ([[[0, 0, 0]]], None, "shape"),
        ([0, 0, 0], [[True] * 4], "mask has shape"),
        ([[0, 0, 0]] * 2, [[True] * 5], "mask has shape"),
    ],
)
def test_what_cannot_be_acted_on(observations: Any, mask: Any, why: str) -> None:
    """An observation of another size or with a number that is none is refused, one alone and many."""
    learner = Learner(SHAPE, HYPER, 1)
    allowed = None if mask is None else np.array(mask)
    with pytest.raises(BatchError, match=why):
        learner.act(np.array(observations), np.random.default_rng(0), allowed)
    with pytest.raises(BatchError, match=why):
        learner.greedy(np.array(observations), allowed)


def test_large_numbers_are_finite() -> None:
    """Finite numbers whose sum overflows are no error."""
    learner = Learner(SHAPE, HYPER, 1)
    with np.errstate(over="ignore"):
        assert learner.greedy(np.array([3e38, 3e38, 0])).shape == (1, 2)


@pytest.mark.parametrize("wrong", [{"actions": ()}, {"observation": 0}, {"hidden": ()}, {"actions": (2, 0)}])
def test_shapes_that_are_none(wrong: dict[str, Any]) -> None:
    """A network without observations, actions or units is refused."""
    with pytest.raises(ValueError, match="needs observations"):
        replace(SHAPE, **wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0),
        ("epochs", 0),
        ("minibatch", 0),
        ("gamma", 1.1),
        ("entropy", -1),
        ("clip", float("nan")),
        ("value_clip", 0),
    ],
)
def test_hyperparameters_that_teach_nothing(name: str, value: float) -> None:
    """Numbers that nothing can be learnt with are refused by name."""
    with pytest.raises(ValueError, match=name):
        replace(HYPER, **{name: value})  # type: ignore[arg-type]
