"""Learns a routing policy from sessions: on some of them, while the others are kept for the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.artifacts import Artifact, pack
from agentctl.learning.gate import Report, judge
from agentctl.learning.logged.comparing import Incumbent, compared
from agentctl.learning.logged.experience import Experience
from agentctl.learning.logged.pseudo import outcomes
from agentctl.learning.routing import measuring
from agentctl.learning.routing.acting import Progress, Recipe
from agentctl.learning.routing.estimating import Estimates, estimate
from agentctl.learning.routing.fitting import fit
from agentctl.learning.routing.seeing import View
from agentctl.learning.routing.packing import parameters_sha
from agentctl.training.blas import one_thread
from agentctl.training.features import FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.policy import RoutingPolicy
from agentctl.training.sparse import Rows

GATED = 0.5
"""The share of the sessions that no learner sees: the gate judges by them."""
TRIED = 0.3
"""The share of the others on which learners are compared, before they learn from all of these."""


@dataclass(frozen=True)
class Trained:
    """The policy, what every learner was worth where it was tried, and what the gate says of the one that is used."""

    artifact: Artifact
    policy: RoutingPolicy
    learners: Mapping[str, Mapping[str, float | None]]
    report: Report
    learnt: int


@dataclass(frozen=True)
class Taught:
    """What a run learns from: decisions, their features, how it learns, a dollar's worth, and what decides now."""

    experience: Experience
    spec: FeatureSpec
    recipe: Recipe
    cost_weight: float
    incumbent: Incumbent | None


def train(taught: Taught, tell: Callable[[Progress], None]) -> Trained:
    """Fit all learners to a part of the sessions, choose one, and let the gate judge it by the rest.

    Raises:
        LoggedError: the log makes no sense.
    """
    experience, recipe, cost_weight = taught.experience, taught.recipe, taught.cost_weight
    with one_thread():
        learning, gated = _split(experience, recipe.seed, GATED)
        estimates, view = _seen(learning, recipe.seed)
        price = cost_weight * float(np.ptp(view.costs))
        known, tried = (view.take(part) for part in _parts(len(view), recipe.seed, TRIED))
        first = fit(known, recipe, price, lambda _: None)
        learners = measuring.measure(tried, first.rules, cost_weight)
        selected = max(learners, key=lambda name: learners[name]["reward"] or 0.0)
        fitted = fit(view, recipe, price, tell)
        learnt: dict[str, NDArray[Any]] = {
            "weights": estimates.weights,
            "offsets": estimates.offsets,
            "correction": estimates.correction,
        }
        arrays = {**fitted.arrays, **learnt}
        policy = RoutingPolicy(taught.spec, experience.actions, selected, fitted.hidden, fitted.span, arrays)
        paired = compared(policy, gated, view.success.mean(axis=0), cost_weight, taught.incumbent)
        report = judge(paired, seed=recipe.seed)
    metrics = {"learners": learners, "tried": len(tried), "learnt": len(learning), "gated": len(gated)}
    artifact = _artifact(taught, policy, report, metrics)
    return Trained(artifact, policy, learners, report, len(learning))


def _split(experience: Experience, seed: int, share: float) -> tuple[Experience, Experience]:
    """Two parts of the decisions, so that those of one session are in one part."""
    named, place = np.unique(np.array(experience.sessions), return_inverse=True)
    kept, held = _parts(len(named), seed, share)
    return tuple(experience.taken(np.flatnonzero(np.isin(place, part))) for part in (kept, held))  # type: ignore[return-value]


def _parts(count: int, seed: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.random.default_rng((seed, 5)).permutation(count)
    held = round(count * share)
    return np.sort(order[held:]), np.sort(order[:held])


def _seen(experience: Experience, seed: int) -> tuple[Estimates, View]:
    """Estimate each action's success from the decisions, and see them as tasks whose outcomes are known."""
    success = outcomes(experience, seed)
    rows = Rows.of([_sparse(row) for row in experience.features], experience.features.shape[1])
    estimates = estimate(rows, success, seed)
    figures = experience.features[:, :FIGURES]
    costs = experience.expected.mean(axis=0)
    return estimates, View(success, estimates.held, estimates.held, figures, costs, sequential=False)


def _sparse(row: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    places = np.flatnonzero(row)
    return places.astype(np.int32), row[places]


def _artifact(taught: Taught, policy: RoutingPolicy, report: Report, metrics: Mapping[str, Any]) -> Artifact:
    experience, recipe, incumbent = taught.experience, taught.recipe, taught.incumbent
    parts, arrays = policy.parts()
    learnt = {**asdict(recipe.hyperparameters), **asdict(recipe.practice), "cost_weight": taught.cost_weight}
    costs = experience.expected.mean(axis=0).tolist()
    output = [round(many) for many in experience.output.tolist()]
    manifest = {
        "format": 1,
        "kind": "routing",
        "seed": recipe.seed,
        "source": {"sessions": len(set(experience.sessions)), "decisions": len(experience), "mode": "direct"},
        "hyperparameters": learnt,
        "prices": dict(zip(policy.actions, costs, strict=True)),
        "output_tokens": dict(zip(policy.actions, output, strict=True)),
        "data_sha256": _sha256(experience),
        "param_sha256": parameters_sha(arrays),
        "parent": incumbent.sha if incumbent else None,
        "gate": report.as_json(),
        "metrics": dict(metrics),
        **parts,
    }
    return pack(manifest, arrays)


def _sha256(experience: Experience) -> str:
    digest = hashlib.sha256("\n".join((*experience.actions, *experience.sessions)).encode())
    for column in (
        experience.features,
        experience.chosen,
        experience.propensities,
        experience.success,
        experience.costs,
    ):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
