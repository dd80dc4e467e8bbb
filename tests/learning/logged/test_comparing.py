"""What a log says of policies, beside what is true."""

from __future__ import annotations

import os

import numpy as np
from support.routing_policies import policy
from support.worlds import MODELS, World, gathered, prompts, row

from agentctl.learning.incumbent import Incumbent
from agentctl.learning.logged.comparing import choices, compared
from agentctl.learning.logged.worth import Worth
from agentctl.training.features import FeatureSpec
from agentctl.training.ope import interval

WEIGHT = 100.0
RUNS = 100 if os.environ.get("AGENTCTL_TEST_FULL") == "1" else 50
PRICE = {"peer/strong": 2e-3, "peer/weak": 2e-5}
ROUTER = policy({"peer/strong": 0.5, "peer/weak": 0.55}, good_at={"peer/strong": "prove derive integrate factor"})


def test_the_choices_are_the_policys() -> None:
    """All probability is on the action that the policy takes among those that were allowed and that it knows."""
    experience = World().experience(30)
    weak, strong = ({"peer/weak": one, "peer/strong": 1 - one} for one in (0.9, 0.1))
    assert choices(policy(weak), experience, 0.0).tolist() == [[0, 1]] * 30
    assert choices(policy(strong), experience, 0.0).tolist() == [[1, 0]] * 30
    assert choices(policy(strong), experience, 1000.0).tolist() == [[0, 1]] * 30
    assert choices(policy({"peer/weak": 0.1, "other/x": 0.9}), experience, 0.0).tolist() == [[0, 1]] * 30
    stranger = choices(policy({"other/x": 0.9, "other/y": 0.1}), experience, 0.0)
    assert stranger.argmax(axis=1).tolist() == experience.chosen.tolist()


def test_an_action_that_was_not_allowed_is_stood_in_for() -> None:
    """Where a model was no candidate, the best of those that were stands for asking it always."""
    rows = [row(n, "greet", MODELS[1], 1.0, candidates=("peer/weak",), propensity=1.0) for n in range(5)]
    rows += [row(5 + n, "greet", MODELS[n % 2], 1.0) for n in range(20)]
    held = gathered(rows)
    found = compared(ROUTER, held, np.array([0.9, 0.1]), Worth(0.0), None)
    assert set(found.others) == {"always peer/strong", "always peer/weak"}
    assert found.support == 1.0


def test_the_incumbent_is_compared_where_it_sees_the_same() -> None:
    """What decides now is a rival by its hash; one with other features can't be asked, and is none."""
    held = World().experience(60)
    now = Incumbent("5" * 64, policy({"peer/strong": 0.9, "peer/weak": 0.1}))
    found = compared(ROUTER, held, np.array([0.9, 0.5]), Worth(WEIGHT), now)
    assert found.incumbent == now.sha
    np.testing.assert_allclose(found.others[now.sha], found.others["always peer/strong"])
    other = Incumbent("5" * 64, policy({"peer/strong": 0.9, "peer/weak": 0.1}, spec=FeatureSpec(dims=64)))
    assert compared(ROUTER, held, np.array([0.9, 0.5]), Worth(WEIGHT), other).incumbent is None


def test_intervals_cover_the_truth() -> None:
    """Over fresh logs the 95 % interval of the gain over a single model has the true gain in it nine times in ten."""
    world = World(flip=0.1, explore=0.3)
    asked, hard = prompts(2000)
    fresh = gathered([row(n, prompt, MODELS[0], 1.0) for n, prompt in enumerate(asked)])
    strong = choices(ROUTER, fresh, WEIGHT)[:, 0] == 1
    earned = {
        name: np.array([world.success(hard=bool(one), model=name) for one in hard]) - WEIGHT * PRICE[name]
        for name in MODELS
    }
    truth = float(np.where(strong, earned["peer/strong"], earned["peer/weak"]).mean() - earned["peer/strong"].mean())
    covered = 0
    for seed in range(RUNS):
        held = World(1000 + seed, flip=0.1, explore=0.3).experience(200)
        found = compared(ROUTER, held, np.array([0.9, 0.5]), Worth(WEIGHT), None)
        _, low, high = interval(found.candidate - found.others["always peer/strong"], resamples=400, seed=seed)
        covered += low <= truth <= high
    assert covered >= 0.9 * RUNS
