"""Learns a routing policy from sessions: on some of them, while the others are kept for the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.artifacts import Artifact, pack
from agentctl.learning.gate import judge
from agentctl.learning.incumbent import Incumbent
from agentctl.learning.logged.comparing import compared
from agentctl.learning.logged.estimates import estimated
from agentctl.learning.logged.experience import Experience
from agentctl.learning.logged.parting import Parting
from agentctl.learning.logged.pseudo import outcomes
from agentctl.learning.logged.worth import Worth
from agentctl.learning.routing import measuring
from agentctl.learning.routing.acting import Progress, Recipe
from agentctl.learning.routing.estimating import Estimates, estimate
from agentctl.learning.routing.fitting import Fitted, fit
from agentctl.learning.routing.packing import parameters_sha
from agentctl.learning.routing.seeing import View
from agentctl.learning.verdict import Report
from agentctl.training.blas import one_thread
from agentctl.training.features import FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.ope import LoggedError
from agentctl.training.policy import RoutingPolicy
from agentctl.training.sparse import Rows

TRIED = 0.3
"""The share of the decisions that are learnt from on which learners are compared, before they learn from all of these.
"""
_FEWEST = 10  # decisions on either side


@dataclass(frozen=True)
class Trained:
    """The policy, what every learner was worth where it was tried, and what the gate says of the one that is used.

    `estimates` are of that one's mean reward on the gate's part; see there.
    """

    artifact: Artifact
    policy: RoutingPolicy
    learners: Mapping[str, Mapping[str, float | None]]
    report: Report
    estimates: Mapping[str, Mapping[str, float]]
    learnt: int


@dataclass(frozen=True)
class Taught:
    """What a run learns from: decisions, their features, how it learns, what counts, and what decides now."""

    experience: Experience
    spec: FeatureSpec
    recipe: Recipe
    worth: Worth
    incumbent: Incumbent | None


def train(taught: Taught, tell: Callable[[Progress], None]) -> Trained:
    """Fit all learners to a part of the sessions, choose one, and let the gate judge it by the rest.

    The policy is the one that the gate judged: nothing is learnt from the rest afterwards.

    Raises:
        LoggedError: the log makes no sense, or one part of it is too small.
    """
    experience, recipe, worth = taught.experience, taught.recipe, taught.worth
    parting = Parting(recipe.seed, max(experience.ids))
    with one_thread():
        learning, gated = parting.split(experience)
        if min(len(learning), len(gated)) < _FEWEST:
            raise LoggedError(f"{len(learning)} decisions to learn from and {len(gated)} to judge by are too few")
        estimates, view = _seen(learning, worth, recipe.seed)
        price = worth.cost * float(np.ptp(view.costs))
        known, tried = (view.take(part) for part in _parts(learning.sessions, recipe.seed, TRIED))
        learners = measuring.measure(tried, fit(known, recipe, price, lambda _: None).rules, worth.cost)
        selected = measuring.best(learners, by_reward=True)
        policy = _policy(taught, selected, estimates, fit(view, recipe, price, tell))
        paired = compared(policy, gated, view.success.mean(axis=0), worth, taught.incumbent)
        report = judge(paired, seed=recipe.seed, share=parting.share)
        would = estimated(policy, gated, worth, recipe.seed)
    sizes = {"tried": len(tried), "learnt": len(learning), "gated": len(gated)}
    metrics = {"learners": learners, "estimates": would, **sizes}
    artifact = _artifact(taught, parting, policy, report, metrics)
    return Trained(artifact, policy, learners, report, would, len(learning))


def _policy(taught: Taught, selected: str, estimates: Estimates, fitted: Fitted) -> RoutingPolicy:
    learnt: dict[str, NDArray[Any]] = {
        "weights": estimates.weights,
        "offsets": estimates.offsets,
        "correction": estimates.correction,
    }
    arrays = {**fitted.arrays, **learnt}
    return RoutingPolicy(taught.spec, taught.experience.actions, selected, fitted.hidden, fitted.span, arrays)


def _parts(sessions: Sequence[str], seed: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of two parts of the decisions, so that those of one session are in one part."""
    named, place = np.unique(np.array(sessions), return_inverse=True)
    order = np.random.default_rng((seed, 5)).permutation(len(named))
    held = np.isin(place, order[: max(1, round(len(named) * share))])
    return np.flatnonzero(~held), np.flatnonzero(held)


def _seen(experience: Experience, worth: Worth, seed: int) -> tuple[Estimates, View]:
    """Estimate how good each action is from the decisions, and see them as tasks whose outcomes are known."""
    success = outcomes(experience, worth.good(experience), seed)
    rows = Rows.of([_sparse(row) for row in experience.features], experience.features.shape[1])
    estimates = estimate(rows, success, seed)
    figures = experience.features[:, :FIGURES]
    costs = experience.expected.mean(axis=0)
    return estimates, View(success, estimates.held, estimates.held, figures, costs, sequential=False)


def _sparse(row: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    places = np.flatnonzero(row)
    return places.astype(np.int32), row[places]


def _artifact(
    taught: Taught, parting: Parting, policy: RoutingPolicy, report: Report, metrics: Mapping[str, Any]
) -> Artifact:
    experience, recipe, incumbent = taught.experience, taught.recipe, taught.incumbent
    parts, arrays = policy.parts()
    learnt = {**asdict(recipe.hyperparameters), **asdict(recipe.practice), **taught.worth.as_json()}
    costs = experience.expected.mean(axis=0).tolist()
    output = [round(many) for many in experience.output.tolist()]
    manifest = {
        "format": 1,
        "kind": "routing",
        "seed": recipe.seed,
        "source": {
            "sessions": len(set(experience.sessions)),
            "decisions": len(experience),
            "mode": "direct",
            **parting.as_json(),
        },
        "hyperparameters": learnt,
        "prices": dict(zip(policy.actions, costs, strict=True)),
        "cost_unit": "dollar",
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
        experience.mask,
        experience.chosen,
        experience.propensities,
        experience.success,
        experience.costs,
        experience.seconds,
        experience.tool_errors,
    ):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
