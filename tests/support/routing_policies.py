"""Policies that choose models, without a training: what they expect is what a test lets them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from agentctl.learning.artifacts import Artifact, Library, pack
from agentctl.learning.channels import Pointer
from agentctl.training.correction import terms
from agentctl.training.features import DEFAULT, FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.network import Network, Shape
from agentctl.training.policy import LEARNERS, RoutingPolicy
from agentctl.training.rules import PRICES
from agentctl.training.seen import observed


def policy(
    success: Mapping[str, float], *, good_at: Mapping[str, str] | None = None, spec: FeatureSpec = DEFAULT
) -> RoutingPolicy:
    """A policy that expects this success of each action, and more of those that are good at a word where it is said."""
    count = len(success)
    weights = np.zeros((count, spec.dims), np.float32)
    for place, action in enumerate(success):
        if word := (good_at or {}).get(action):
            weights[place, FIGURES:] = 10 * spec.of(word)[FIGURES:]
    zeros, ones = np.zeros(count), np.ones(count)
    arrays = {
        "weights": weights,
        "offsets": np.array([*success.values()]),
        "correction": np.zeros((terms(count), count)),
        "means": np.array([*success.values()]),
        "cuts": np.zeros((2, PRICES)),
        "bandit": np.zeros((count, count + FIGURES + 1)),
        "centre": zeros,
        "scale": ones,
        "network": Network(Shape(observed(count), (count,), (8,))).parameters,
    }
    assert "ridge" in LEARNERS
    return RoutingPolicy(spec, tuple(success), "ridge", (8,), 1.0, arrays)


def artifact(made: RoutingPolicy, *, cost_weight: float = 0.0) -> Artifact:
    """The policy as it is kept."""
    manifest, arrays = made.parts()
    common = {"format": 1, "kind": "routing", "seed": 0, "hyperparameters": {"cost_weight": cost_weight}}
    return pack({**common, **manifest}, arrays)


def promote(home: Path, made: Artifact, channel: str = "production", percent: float | None = None) -> str:
    """Put a policy into a channel of a program's home; return its hash."""
    library = Library(home / ".local/share/agentctl/policies")
    library.add(made)
    library.channels.promote(channel, Pointer(made.sha, percent), over=library.channels.current(channel))
    return made.sha
