"""What the learners make of tasks whose best routing is known."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tables import COSTS, answered, task, tasks, write

from agentctl.errors import UsageError
from agentctl.learning.routing.acting import Recipe
from agentctl.learning.routing.asking import recipe
from agentctl.learning.routing.costs import costs_of
from agentctl.learning.routing.evaluation import Evaluation, evaluate
from agentctl.learning.routing.reading import read
from agentctl.learning.routing.table import Table
from agentctl.learning.routing.training import Asked, Trained, train
from agentctl.training.policy import LEARNERS

WEIGHT = 0.4
QUICK = replace(Recipe().practice, updates=15, episodes=1024)


def table(tmp_path: Path, lines: list[dict[str, Any]]) -> Table:
    """The tasks as they come out of a file."""
    return read(write(tmp_path / "tasks.jsonl", lines))


def trained(known: Table, *, sequential: bool = False, weight: float = WEIGHT, seed: int = 0) -> Trained:
    """A short run."""
    asked = Asked(costs_of(known, COSTS), weight, sequential, Recipe(practice=QUICK, seed=seed))
    return train(known, asked, lambda _: None)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A policy for tasks of two kinds."""
    return trained(table(tmp_path_factory.mktemp("learnt"), tasks(300)))


@pytest.fixture(scope="module")
def judged(learnt: Trained, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """That policy on tasks that it has not seen."""
    return evaluate(learnt.artifact, table(tmp_path_factory.mktemp("judged"), tasks(400, seed=1)), None)


@pytest.mark.parametrize("learner", ["threshold", "ridge", "linucb", "ppo"])
def test_learners_find_the_best_routing(judged: Evaluation, learner: str) -> None:
    """Where words tell what the weak action fails at, the strong one gets that, and nothing else."""
    one = judged.learners[learner]
    hard = judged.always["strong"]["success"] - judged.always["weak"]["success"]
    perfect = 1 - WEIGHT * (0.1 + 0.9 * hard)
    assert one["apgr"] == pytest.approx(1 - hard / 2, abs=0.01)
    assert one["cpt50"] == pytest.approx(hard / 2, abs=0.01)
    assert one["reward"] == pytest.approx(perfect, abs=0.01)
    assert one["success"] == pytest.approx(1, abs=0.01)


def test_the_best_single_action_is_no_router(judged: Evaluation) -> None:
    """The best single action earns what it earns alone, and ranks as chance does."""
    one = judged.learners["best_single"]
    assert one["apgr"] == 0.5
    assert one["reward"] == max(each["reward"] for each in judged.always.values())


def test_the_same_seed_and_file_give_the_same_policy(learnt: Trained, tmp_path: Path) -> None:
    """A run is a function of its file, seed and options, to the bit; another seed gives other parameters."""
    known = table(tmp_path, tasks(300))
    again, other = trained(known), trained(known, seed=1)
    assert again.artifact.sha == learnt.artifact.sha
    assert again.artifact.manifest["param_sha256"] == learnt.artifact.manifest["param_sha256"]
    assert other.artifact.manifest["param_sha256"] != learnt.artifact.manifest["param_sha256"]


def test_dearer_cost_never_buys_more_of_the_dear_action(learnt: Trained) -> None:
    """As the cost weight rises, no learner takes the dear action more often, from always or nearly so to never."""
    policy = learnt.policy
    features = [policy.spec.of(one["prompt"]) for one in tasks(60, seed=2)]
    costs = list(COSTS.values())
    for learner in LEARNERS:
        shares = [
            np.mean([policy.judge(one, costs=costs, cost_weight=weight, learner=learner).action for one in features])
            for weight in np.linspace(0, 2, 9)
        ]
        assert all(later <= earlier for earlier, later in pairwise(shares)), learner
        assert shares[0] > shares[-1] == 0


def test_a_judgement_is_what_the_evaluation_counts(learnt: Trained, judged: Evaluation) -> None:
    """What a policy chooses for one prompt at a time earns what the evaluation of all says."""
    lines = tasks(400, seed=1)
    costs = list(COSTS.values())
    chosen = [
        learnt.policy.judge(learnt.policy.spec.of(one["prompt"]), costs=costs, cost_weight=WEIGHT) for one in lines
    ]
    earned = [
        one["outcomes"][("weak", "strong")[each.action]]["success"] - WEIGHT * costs[each.action]
        for one, each in zip(lines, chosen, strict=True)
    ]
    assert np.mean(earned) == pytest.approx(judged.learners[learnt.selected]["reward"])


def test_costs_in_another_unit_change_no_choice(learnt: Trained, tmp_path: Path) -> None:
    """Costs in dollars instead of relative ones have the cost weight in dollars, too: rewards stay."""
    fresh = table(tmp_path, tasks(50, seed=3))
    relative = evaluate(learnt.artifact, fresh, COSTS)
    dollars = evaluate(learnt.artifact, fresh, {name: cost / 100 for name, cost in COSTS.items()})
    assert dollars.cost_weight == pytest.approx(100 * relative.cost_weight)
    for learner in LEARNERS:
        assert dollars.learners[learner]["reward"] == pytest.approx(relative.learners[learner]["reward"])


def test_a_first_answer_is_accepted_or_paid_for_twice(tmp_path: Path) -> None:
    """Where only the weak action's answer tells, it is asked first, and the strong one where it failed."""
    asked = trained(table(tmp_path, answered(300)), sequential=True)
    fresh = table(tmp_path, answered(300, seed=1))
    found = evaluate(asked.artifact, fresh, None)
    failed = 1 - float(fresh.success[:, 0].mean())
    perfect = 1 - WEIGHT * (0.1 + failed * 1.0)
    for learner in ("threshold", "ppo"):
        assert found.learners[learner]["reward"] == pytest.approx(perfect, abs=0.01)
    assert perfect > found.always["strong"]["reward"] + 0.05
    assert asked.policy.sequential
    assert asked.artifact.manifest["source"]["mode"] == "escalate"


def test_three_actions_are_ranked_between_the_ends(tmp_path: Path) -> None:
    """Of three actions the middle one is taken where it is as good as the dearest; APGR is between the ends."""
    lines = tasks(300)
    for one in lines:
        one["outcomes"]["middle"] = {"success": one["outcomes"]["strong"]["success"]}
    known = table(tmp_path, lines)
    costs = costs_of(known, {**COSTS, "middle": 0.3})
    three = train(known, Asked(costs, WEIGHT, sequential=False, recipe=Recipe(practice=QUICK)), lambda _: None)
    hard = next(one["prompt"] for one in lines if not one["outcomes"]["weak"]["success"])
    for learner in ("ridge", "ppo"):
        judged = three.policy.judge(three.policy.spec.of(hard), costs=costs, cost_weight=WEIGHT, learner=learner)
        assert three.policy.actions[judged.action] == "middle"
    assert three.learners["ridge"]["apgr"] == pytest.approx(0.75, abs=0.05)


def test_prompts_that_say_nothing_teach_nothing(tmp_path: Path) -> None:
    """Where all prompts are alike nothing ranks better than chance, and figures stay numbers."""
    rng = np.random.default_rng(0)
    lines = [task(number, "?", weak=int(rng.random() < 0.5), strong=int(rng.random() < 0.8)) for number in range(60)]
    found = trained(table(tmp_path, lines))
    assert found.selected == "best_single"
    assert json.dumps(found.learners, allow_nan=False)


def test_hyperparameters_are_taken_by_name() -> None:
    """What the user sets is set, and all else stays; steps are how many tasks PPO practises on."""
    made, sequential = recipe(5, 10_000, {"learning_rate": "0.01", "hidden": "8x4", "mode": "escalate"})
    assert (made.hyperparameters.learning_rate, made.practice.hidden, sequential) == (0.01, (8, 4), True)
    assert made.hyperparameters.epochs == Recipe().hyperparameters.epochs
    assert made.practice.updates * made.practice.episodes == pytest.approx(10_000, rel=0.1)
    assert made.seed == 5


@pytest.mark.parametrize("given", [{"mode": "x"}, {"horizon": "5"}, {"learning": "1"}, {"clip": "2"}, {"epochs": "x"}])
def test_hyperparameters_without_sense_are_refused(given: dict[str, str]) -> None:
    """An unknown name, a value outside its bounds, and what is for environments only are refused."""
    with pytest.raises(UsageError):
        recipe(0, None, given)


def test_who_will_pay_anyway_does_not_look_first(tmp_path: Path) -> None:
    """Where the first answer tells nothing and the dear action is worth its price, PPO takes it at once."""
    rng = np.random.default_rng(0)
    lines = [task(number, f"say {number % 7}", weak=int(rng.random() < 0.5), strong=1) for number in range(200)]
    for one in lines:
        one["outcomes"]["weak"]["response"] = "here it is"
    known = table(tmp_path, lines)
    practice = replace(QUICK, updates=40)
    asked = Asked(costs_of(known, COSTS), 0.2, sequential=True, recipe=Recipe(practice=practice))
    found = evaluate(train(known, asked, lambda _: None).artifact, known, None)
    assert found.learners["ppo"]["reward"] == pytest.approx(1 - 0.2, abs=0.004)
