"""A training run on tasks: what is asked of it, and the policy that comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.artifacts import Artifact, pack
from agentctl.learning.routing import measuring
from agentctl.learning.routing.acting import Progress, Recipe
from agentctl.learning.routing.estimating import SPEC, Estimates
from agentctl.learning.routing.fitting import Fitted, fit
from agentctl.learning.routing.seeing import Learnt, learn
from agentctl.learning.routing.table import Table, split
from agentctl.training.blas import one_thread
from agentctl.training.policy import RoutingPolicy
from agentctl.training.seen import Floats

VALIDATION = 0.2
"""The share of the tasks that learners are compared on, before they learn from all."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a run: actions' costs `(actions,)`, what a unit of cost is worth, and how it learns."""

    costs: Floats
    cost_weight: float
    sequential: bool
    recipe: Recipe


@dataclass(frozen=True)
class Trained:
    """The policy, and what every learner was worth on the part of the tasks that none of them had seen."""

    artifact: Artifact
    policy: RoutingPolicy
    selected: str
    learners: Mapping[str, Mapping[str, float | None]]
    always: Mapping[str, Mapping[str, float]]
    validated: int


def train(table: Table, asked: Asked, tell: Callable[[Progress], None]) -> Trained:
    """Fit all learners, choose the one that is best on held-out tasks, and then let all learn from all tasks."""
    with one_thread():
        learnt = learn(table, asked.costs, asked.recipe.seed, sequential=asked.sequential)
        cheap, dear = learnt.view.ends
        price = asked.cost_weight * float(asked.costs[dear] - asked.costs[cheap])
        # Estimates of each task come of others already; what is left to be held out is what learners make of them.
        known, held = (learnt.view.take(part) for part in split(table, asked.recipe.seed, VALIDATION))
        tried = fit(known, asked.recipe, price, lambda _: None)
        learners = measuring.measure(held, tried.rules, asked.cost_weight)
        always = measuring.references(held, table.actions, asked.cost_weight)
        selected = measuring.best(learners, sequential=asked.sequential)
        fitted = fit(learnt.view, asked.recipe, price, tell)
    policy = _policy(table.actions, selected, learnt, fitted)
    artifact = _artifact(policy, table, asked, {"learners": learners, "always": always, "tasks": len(held)})
    return Trained(artifact, policy, selected, learners, always, len(held))


def _policy(actions: tuple[str, ...], selected: str, learnt: Learnt, fitted: Fitted) -> RoutingPolicy:
    arrays = {**fitted.arrays, "weights": learnt.before.weights, "offsets": learnt.before.offsets}
    arrays["correction"] = learnt.before.correction
    if (after := learnt.after) is not None:
        arrays["answer_weights"], arrays["reply_weights"] = np.split(after.weights, 2, axis=1)
        arrays["answer_offsets"], arrays["answer_correction"] = after.offsets, after.correction
    return RoutingPolicy(SPEC, actions, selected, fitted.hidden, fitted.span, arrays)


def _artifact(policy: RoutingPolicy, table: Table, asked: Asked, metrics: Mapping[str, Any]) -> Artifact:
    """The policy as it is kept; nothing in it depends on when or how fast it was trained."""
    parts, arrays = policy.parts()
    recipe = asked.recipe
    manifest = {
        "format": 1,
        "kind": "routing",
        "seed": recipe.seed,
        "source": {"tasks": len(table), "mode": "escalate" if asked.sequential else "direct"},
        "hyperparameters": {
            **asdict(recipe.hyperparameters),
            **asdict(recipe.practice),
            "cost_weight": asked.cost_weight,
        },
        "prices": dict(zip(table.actions, asked.costs.tolist(), strict=True)),
        "data_sha256": table.sha256,
        "param_sha256": parameters_sha(arrays),
        "parent": None,
        "gate": None,
        "metrics": metrics,
        **parts,
    }
    return pack(manifest, arrays)


def parameters_sha(arrays: Mapping[str, NDArray[Any]]) -> str:
    """The hash of everything that was learnt."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def estimates_of(policy: RoutingPolicy) -> tuple[Estimates, Estimates | None]:
    """The estimates that a policy was made with, those from prompts and those from answers, too."""
    arrays, nothing = policy.arrays, np.zeros((0, len(policy.actions)))
    before = Estimates(arrays["weights"], arrays["offsets"], arrays["correction"], nothing)
    if not policy.sequential:
        return before, None
    weights = np.concatenate((arrays["answer_weights"], arrays["reply_weights"]), axis=1)
    return before, Estimates(weights, arrays["answer_offsets"], arrays["answer_correction"], nothing)
