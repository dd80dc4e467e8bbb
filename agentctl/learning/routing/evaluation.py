"""Measures a policy on tasks that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentctl.errors import UsageError
from agentctl.learning.artifacts import Artifact
from agentctl.learning.routing import measuring
from agentctl.learning.routing.costs import costs_of
from agentctl.learning.routing.packing import estimates_of
from agentctl.learning.routing.seeing import look
from agentctl.learning.routing.table import Table
from agentctl.training.blas import one_thread
from agentctl.training.policy import RoutingPolicy
from agentctl.training.seen import Floats, ends


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a policy is worth on some tasks, and the score of each task for the learner that was selected."""

    learners: Mapping[str, Mapping[str, float | None]]
    always: Mapping[str, Mapping[str, float]]
    scores: Floats
    cost_weight: float
    cheapest: str
    dearest: str


def policy_of(artifact: Artifact) -> RoutingPolicy:
    """The policy that an artifact is.

    Raises:
        UsageError: it is of another kind, or was made by another version.
    """
    if artifact.manifest.get("kind") != "routing":
        raise UsageError("the policy was trained on an environment, and can't choose for tasks", hint="--env ID")
    try:
        return RoutingPolicy.of(artifact.manifest, artifact.arrays)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"the policy can't be used: {error}", hint="train it again") from error


def evaluate(artifact: Artifact, table: Table, costs: Mapping[str, float] | None) -> Evaluation:
    """Measure every learner of a policy.

    Without costs those of its training count. The cost weight is that of its training, too, in the unit of these costs:
    the gain that the dearest action has to bring is the same.

    Raises:
        UsageError: it is no policy for these tasks, or a cost is missing.
    """
    policy = policy_of(artifact)
    manifest = artifact.manifest
    trained = costs_of(table, manifest["prices"])
    paid = costs_of(table, costs) if costs else trained
    weight = float(manifest["hyperparameters"]["cost_weight"]) * _rise(trained) / (_rise(paid) or 1.0)
    with one_thread():
        view = look(table, paid, *estimates_of(policy), sequential=policy.sequential, spec=policy.spec)
        learners = measuring.measure(view, policy.rules, weight)
        scores = measuring.score(view, policy.rules[policy.selected])
    cheap, dear = view.ends
    always = measuring.references(view, table.actions, weight)
    return Evaluation(learners, always, scores, weight, table.actions[cheap], table.actions[dear])


def _rise(costs: Floats) -> float:
    cheap, dear = ends(costs)
    return float(costs[dear] - costs[cheap])
