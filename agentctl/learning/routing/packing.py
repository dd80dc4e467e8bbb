"""A policy for tasks as it is made of what was learnt, and as it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.economy.tokens.rough import tokens_of
from agentctl.learning.artifacts import Artifact, pack
from agentctl.learning.routing.acting import Recipe
from agentctl.learning.routing.estimating import SPEC, Estimates
from agentctl.learning.routing.fitting import Fitted
from agentctl.learning.routing.seeing import Learnt
from agentctl.learning.routing.table import Table
from agentctl.training.policy import RoutingPolicy


def policy_of(actions: tuple[str, ...], selected: str, learnt: Learnt, fitted: Fitted) -> RoutingPolicy:
    """The policy that this makes."""
    arrays = {**fitted.arrays, "weights": learnt.before.weights, "offsets": learnt.before.offsets}
    arrays["correction"] = learnt.before.correction
    if (after := learnt.after) is not None:
        arrays["answer_weights"], arrays["reply_weights"] = np.split(after.weights, 2, axis=1)
        arrays["answer_offsets"], arrays["answer_correction"] = after.offsets, after.correction
    return RoutingPolicy(SPEC, actions, selected, fitted.hidden, fitted.span, arrays)


def estimates_of(policy: RoutingPolicy) -> tuple[Estimates, Estimates | None]:
    """The estimates that a policy was made with, those from prompts and those from answers, too."""
    arrays, nothing = policy.arrays, np.zeros((0, len(policy.actions)))
    before = Estimates(arrays["weights"], arrays["offsets"], arrays["correction"], nothing)
    if not policy.sequential:
        return before, None
    weights = np.concatenate((arrays["answer_weights"], arrays["reply_weights"]), axis=1)
    return before, Estimates(weights, arrays["answer_offsets"], arrays["answer_correction"], nothing)


def artifact_of(policy: RoutingPolicy, recipe: Recipe, table: Table, about: Mapping[str, Any]) -> Artifact:
    """The policy as it is kept; nothing in it depends on when or how fast it was trained."""
    parts, arrays = policy.parts()
    manifest = {
        "format": 1,
        "kind": "routing",
        "seed": recipe.seed,
        "source": {"tasks": len(table), "mode": "escalate" if policy.sequential else "direct"},
        "data_sha256": table.sha256,
        "param_sha256": parameters_sha(arrays),
        **_sizes(table),
        **about,
        **parts,
    }
    return pack(manifest, arrays)


def _sizes(table: Table) -> dict[str, Any]:
    """About how many tokens a prompt has, and an answer of each action where all were kept."""
    sizes: dict[str, Any] = {"input_tokens": _mean(table.prompts)}
    columns = list(zip(*table.answers, strict=True))
    if all(one is not None for column in columns for one in column):
        sizes["output_tokens"] = {name: _mean(column) for name, column in zip(table.actions, columns, strict=True)}
    return sizes


def _mean(texts: Any) -> int:
    return max(1, round(sum(map(tokens_of, texts)) / len(texts)))


def parameters_sha(arrays: Mapping[str, NDArray[Any]]) -> str:
    """The hash of everything that was learnt."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
