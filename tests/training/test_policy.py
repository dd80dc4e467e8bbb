"""Routing policies: what they choose at which prices, what they refuse, and that their parts make them again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agentctl.training.correction import corrected, learn, terms
from agentctl.training.features import FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.network import Network, Shape
from agentctl.training.policy import LEARNERS, RoutingPolicy
from agentctl.training.rules import PRICES
from agentctl.training.seen import ends, observed, priced

SPEC = FeatureSpec(dims=64)
COSTS = np.array([0.1, 1.0])


def made(
    selected: str = "ridge",
    actions: tuple[str, ...] = ("weak", "strong"),
    changed: Mapping[str, NDArray[Any]] = MappingProxyType({}),
) -> RoutingPolicy:
    """A policy that expects success of .5 of the first action and .9 of the last, whatever is asked."""
    count = len(actions)
    rng = np.random.default_rng(0)
    means = np.linspace(0.5, 0.9, count)
    arrays: dict[str, NDArray[Any]] = {
        "weights": np.zeros((count, SPEC.dims), np.float32),
        "offsets": means.astype(np.float32),
        "correction": np.zeros((terms(count), count)),
        "means": means,
        "cuts": np.tile(np.linspace(0, 0.6, PRICES), (2, 1)),
        "bandit": np.concatenate((np.eye(count), np.zeros((count, FIGURES + 1))), axis=1),
        "centre": means,
        "scale": np.full(count, 0.1),
        "network": rng.normal(size=_parameters(count)).astype(np.float32),
        **changed,
    }
    return RoutingPolicy(SPEC, actions, selected, (8,), 0.6, arrays)


def _parameters(actions: int) -> int:
    return len(Network(Shape(observed(actions), (actions,), (8,))).parameters)


@pytest.mark.parametrize("learner", ["best_single", "threshold", "ridge", "linucb"])
def test_the_dear_action_is_taken_while_it_is_worth_its_price(learner: str) -> None:
    """An action that succeeds in .4 more is taken up to a price of .4, and not above; the value is what is left."""
    policy, features = made(learner), SPEC.of("a question")
    low = policy.judge(features, costs=COSTS, cost_weight=0.4)
    high = policy.judge(features, costs=COSTS, cost_weight=0.5)
    assert (low.action, high.action) == (1, 0)
    assert low.probabilities.tolist() == [0, 1]
    assert low.expected_success.tolist() == pytest.approx([0.5, 0.9])
    assert low.value == pytest.approx(0.9 - 0.4 * 1.0)
    assert high.value == pytest.approx(0.5 - 0.5 * 0.1)


@pytest.mark.parametrize("learner", LEARNERS)
def test_what_is_not_allowed_is_never_taken(learner: str) -> None:
    """A masked action has no probability, and its cost, even one that is unknown, means nothing."""
    policy = made(learner, actions=("a", "b", "c"))
    costs = [np.nan, 0.2, 1]
    judged = policy.judge(SPEC.of("q"), costs=costs, cost_weight=0.1, mask=[False, True, True], learner=learner)
    assert judged.probabilities[0] == 0
    assert judged.probabilities.sum() == pytest.approx(1)
    only = policy.judge(SPEC.of("q"), costs=costs, cost_weight=9, mask=[False, False, True])
    assert only.action == 2


def test_the_actor_is_the_softmax_of_its_network() -> None:
    """PPO's probabilities are those of the network's logits, and its action is the likeliest one."""
    policy = made("ppo")
    judged = policy.judge(SPEC.of("q"), costs=COSTS, cost_weight=0.2)
    assert 0 < judged.probabilities[0] < 1
    assert judged.action == int(np.argmax(judged.probabilities))
    assert judged.probabilities.sum() == pytest.approx(1)


def test_parts_make_the_policy_again() -> None:
    """A policy made of its parts judges to the bit as it did."""
    policy = made("ppo")
    again = RoutingPolicy.of(*policy.parts())
    one, other = (each.judge(SPEC.of("why?"), costs=COSTS, cost_weight=0.2) for each in (policy, again))
    assert one.probabilities.tobytes() == other.probabilities.tobytes()
    assert (one.action, one.value, again.spec.sha) == (other.action, other.value, policy.spec.sha)


def test_other_features_are_refused() -> None:
    """A policy whose features were made in another way does not judge those of today."""
    manifest, arrays = made().parts()
    manifest["spec"]["sha"] = "0" * 64
    with pytest.raises(ValueError, match="other features"):
        RoutingPolicy.of(manifest, arrays)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weights", np.zeros((2, 63), np.float32)),
        ("offsets", np.array([0, np.nan], np.float32)),
        ("network", np.zeros(3, np.float32)),
        ("means", np.zeros(2, np.int64)),
        ("cuts", np.zeros((2, 3))),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: NDArray[Any]) -> None:
    """Arrays of another shape or kind, or with what is no number, make no policy."""
    with pytest.raises(ValueError, match=name if name != "network" else "parameters"):
        made(changed={name: array})


@pytest.mark.parametrize(
    "given",
    [
        {"features": np.zeros(63)},
        {"features": np.full(64, np.nan)},
        {"costs": [1.0]},
        {"costs": [np.nan, 1.0]},
        {"cost_weight": float("nan")},
        {"cost_weight": -1.0},
        {"mask": [False, False]},
        {"answer": np.zeros(64)},
    ],
    ids=str,
)
def test_what_can_not_be_judged_is_refused(given: dict[str, Any]) -> None:
    """Features, costs and masks without sense are refused, and so is an answer where none was learnt from."""
    with pytest.raises(ValueError, match=r"."):
        made().judge(**{"features": SPEC.of("q"), "costs": COSTS, "cost_weight": 0.1, **given})


def test_an_answer_moves_the_estimates() -> None:
    """Where answers were learnt from, a bad first answer leads to another action, and a good one is accepted."""
    reply = np.zeros((2, SPEC.dims), np.float32)
    bad = SPEC.of("sorry")
    reply[0] = -bad / np.square(bad).sum()
    more: dict[str, NDArray[Any]] = {
        "answer_weights": np.zeros((2, SPEC.dims), np.float32),
        "reply_weights": reply,
        "answer_offsets": np.array([0.9, 0.9], np.float32),
        "answer_correction": np.zeros((terms(2), 2)),
    }
    policy = made(changed=more)
    actions = [
        policy.judge(SPEC.of("q"), costs=COSTS, cost_weight=0.2, answer=answer).action
        for answer in (bad, np.zeros(SPEC.dims))
    ]
    assert actions == [1, 0]


def test_an_answer_that_is_there_costs_nothing_more() -> None:
    """The cheapest action's price is 0; what another costs is all of its cost once the cheapest was paid for."""
    costs = np.array([0.5, 0.1, 1.0, 1.0])
    assert ends(costs) == (1, 3)
    assert ends(costs, np.array([True, False, True, False])) == (0, 2)
    assert priced(costs, 1).tolist() == pytest.approx([0.4, 0, 0.9, 0.9])
    assert priced(costs, 1, answered=True).tolist() == pytest.approx([0.5, 0, 1, 1])


def test_a_correction_moves_what_is_expected() -> None:
    """The products of estimates that a correction weighs are part of the judgement, which stays between 0 and 1."""
    correction = np.zeros((terms(2), 2))
    correction[3, 1] = -2  # the square of the first estimate, .25
    correction[0, 0] = 7
    judged = made(changed={"correction": correction}).judge(SPEC.of("q"), costs=COSTS, cost_weight=0.1)
    assert judged.expected_success.tolist() == pytest.approx([1, 0.9 - 2 * 0.25])


def test_a_correction_finds_where_an_action_is_in_doubt() -> None:
    """Success that rises and falls with another's estimate, as no line does, is found again."""
    rng = np.random.default_rng(0)
    held = rng.random((500, 2))
    success = np.stack((held[:, 0], 2 * held[:, 0] * (1 - held[:, 0])), axis=1)
    assert corrected(held, learn(held, success, 1e-6)) == pytest.approx(success, abs=1e-3)
