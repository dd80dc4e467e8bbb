"""A training run on tasks: what is asked of it, and the policy that comes of it.

The tasks are in three parts. Learners are fitted to the first, and the best of them on the second is selected. What
that one earns on the third, which had no part in either, is what the gate judges. The policy that is kept is then
learnt from all tasks by the same recipe, and so the gate's report is not of its own parameters: it is of those that
half of the tasks gave. That more tasks make a learner no worse is an expectation and no measurement; `train promote
--tasks` measures the policy itself, on tasks that are new to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from agentctl.learning.artifacts import Artifact
from agentctl.learning.gate import judge
from agentctl.learning.incumbent import Incumbent
from agentctl.learning.routing import measuring
from agentctl.learning.routing.acting import Progress, Recipe
from agentctl.learning.routing.comparing import Terms, compared, earned
from agentctl.learning.routing.fitting import fit
from agentctl.learning.routing.packing import artifact_of, policy_of
from agentctl.learning.routing.seeing import learn
from agentctl.learning.routing.table import Table, split
from agentctl.learning.verdict import Report
from agentctl.training.blas import one_thread
from agentctl.training.policy import RoutingPolicy
from agentctl.training.seen import Floats

GATED = 0.3
"""The share of the tasks that the gate judges by."""
VALIDATION = 0.2 / (1 - GATED)
"""The share of the others on which learners are compared, before they learn from all."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a run.

    Args:
        costs: of the actions, `(actions,)`.
        cost_weight: the success that a unit of cost is worth.
        sequential: whether a first answer may be looked at.
        recipe: how it learns.
        relative: whether costs tell no more than how dear actions are beside each other; else they are dollars.
        incumbent: what decides now.
    """

    costs: Floats
    cost_weight: float
    sequential: bool
    recipe: Recipe
    relative: bool = True
    incumbent: Incumbent | None = None


@dataclass(frozen=True)
class Trained:
    """The policy, what every learner was worth on tasks that none of them had seen, and what the gate says."""

    artifact: Artifact
    policy: RoutingPolicy
    selected: str
    learners: Mapping[str, Mapping[str, float | None]]
    always: Mapping[str, Mapping[str, float]]
    validated: int
    report: Report


def train(table: Table, asked: Asked, tell: Callable[[Progress], None]) -> Trained:
    """Fit all learners, choose one on held-out tasks, judge it by others, and then let all learn from all tasks."""
    recipe, weight = asked.recipe, asked.cost_weight
    with one_thread():
        learnt = learn(table, asked.costs, recipe.seed, sequential=asked.sequential)
        cheap, dear = learnt.view.ends
        price = weight * float(asked.costs[dear] - asked.costs[cheap])
        # Estimates of each task come of others already; what is left to be held out is what learners make of them.
        rest, gated = split(table, recipe.seed, GATED)
        known, held = (learnt.view.take(rest[part]) for part in split(table.take(rest), recipe.seed, VALIDATION))
        tried = fit(known, recipe, price, lambda _: None)
        learners = measuring.measure(held, tried.rules, weight)
        always = measuring.references(held, table.actions, weight)
        selected = measuring.best(learners, by_reward=asked.sequential)
        rewards = earned(learnt.view.take(gated), tried.rules[selected], weight)
        paired = compared(rewards, table.take(gated), Terms(asked.costs, weight), asked.incumbent)
        report = judge(paired, seed=recipe.seed, share=GATED)
        fitted = fit(learnt.view, recipe, price, tell)
    policy = policy_of(table.actions, selected, learnt, fitted)
    about = {
        "hyperparameters": {**asdict(recipe.hyperparameters), **asdict(recipe.practice), "cost_weight": weight},
        "prices": dict(zip(table.actions, asked.costs.tolist(), strict=True)),
        "cost_unit": "relative" if asked.relative else "dollar",
        "parent": asked.incumbent.sha if asked.incumbent else None,
        "gate": report.as_json(),
        "metrics": {"learners": learners, "always": always, "tasks": len(held), "gated": len(gated)},
    }
    artifact = artifact_of(policy, recipe, table, about)
    return Trained(artifact, policy, selected, learners, always, len(held), report)
