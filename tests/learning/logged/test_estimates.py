"""What four estimators say of a policy whose worth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.routing_policies import policy
from support.worlds import MODELS, World, gathered, row

from agentctl.learning.logged.comparing import compared
from agentctl.learning.logged.estimates import estimated
from agentctl.learning.logged.worth import Worth
from agentctl.training.policy import RoutingPolicy

STRONG = policy({"peer/strong": 0.9, "peer/weak": 0.1})
WEAK = policy({"peer/strong": 0.1, "peer/weak": 0.9})
FREE = Worth(0.0)
UNEQUAL = World(explore=0.8).experience(600)


@pytest.mark.parametrize("name", ["ips", "snips", "dm", "dr"])
@pytest.mark.parametrize(("chosen", "truth"), [(STRONG, 1.0), (WEAK, 0.5)], ids=["strong", "weak"])
def test_each_has_the_truth_in_its_interval(name: str, chosen: RoutingPolicy, truth: float) -> None:
    """The strong model always succeeds and the weak one at half of the prompts, however rarely it was asked."""
    found = estimated(chosen, UNEQUAL, FREE, 0)[name]
    assert found["low"] - 0.01 <= truth <= found["high"] + 0.01
    assert found["value"] == pytest.approx(truth, abs=0.12)


def test_the_doubly_robust_one_is_the_gates() -> None:
    """What is shown as DR is the mean of what the gate compares, at the same rewards."""
    worth = Worth(100.0)
    found = estimated(WEAK, UNEQUAL, worth, 0)
    paired = compared(WEAK, UNEQUAL, np.array([0.9, 0.5]), worth, None)
    assert found["dr"]["value"] == pytest.approx(paired.candidate.mean(), abs=1e-6)
    assert found["dr"]["support"] == pytest.approx(paired.support)


def test_they_are_as_reckoned_by_hand() -> None:
    """Of ten rows the weak model had two, at 0.2: IPS adds up r / p, SNIPS divides by the weights, two rows count."""
    rows = [row(n, "greet", MODELS[0], 1.0, 0.8) for n in range(8)]
    rows += [row(8, "greet", MODELS[1], 1.0, 0.2), row(9, "greet", MODELS[1], 0.0, 0.25)]
    found = estimated(WEAK, gathered(rows), FREE, 0)
    assert found["ips"]["value"] == pytest.approx(1 / 0.2 / 10)
    assert found["snips"]["value"] == pytest.approx(5 / 9, abs=1e-6)
    assert found["ips"]["effective_sample_size"] == pytest.approx(9**2 / (5**2 + 4**2), abs=1e-6)
    assert found["ips"]["support"] == 1.0


def test_what_was_never_explored_has_no_support() -> None:
    """Of a model that was never asked only the direct method has anything to say, and the support says how little."""
    rows = [row(n, "greet", MODELS[0], 1.0, 1.0) for n in range(20)]
    held = replace(gathered(rows), propensities=np.ones(20))
    found = estimated(WEAK, held, FREE, 0)
    assert {one["support"] for one in found.values()} == {0.0}
    assert {one["effective_sample_size"] for one in found.values()} == {0.0}
    assert found["dm"]["value"] == 1.0
