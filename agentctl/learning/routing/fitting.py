"""Fits every learner to tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.routing import baselines
from agentctl.learning.routing.acting import Actor, Progress, Recipe
from agentctl.learning.routing.seeing import View
from agentctl.training.policy import LEARNERS
from agentctl.training.rules import Actor as Acting
from agentctl.training.rules import BestSingle, LinUCB, Ridge, Rule, Threshold

_USUAL = 0.99  # the share of tasks whose gain the span is above
_ROOM = 0.05
_LEAST_SCALE = 0.05  # what differs by less is noise, and is not to be made large


@dataclass(frozen=True, eq=False)
class Fitted:
    """What the learners learnt: the arrays of a policy beside its estimates, and the highest price."""

    arrays: Mapping[str, NDArray[Any]]
    span: float
    hidden: tuple[int, ...]

    @property
    def rules(self) -> Mapping[str, Rule]:
        """How each learner chooses."""
        arrays = self.arrays
        actor = Acting(arrays["network"], self.hidden, arrays["centre"], arrays["scale"], self.span)
        rules = (BestSingle(arrays["means"]), Threshold(arrays["cuts"], self.span), Ridge(), LinUCB(arrays["bandit"]))
        return dict(zip(LEARNERS, (*rules, actor), strict=True))


def fit(view: View, recipe: Recipe, price: float, tell: Callable[[Progress], None]) -> Fitted:
    """Fit all learners; `price`, what the dearest action costs in success, is within the span in any case."""
    cheap, dear = view.ends
    estimates = np.concatenate((view.before, view.after))
    span = max(float(np.quantile(estimates[:, dear] - estimates[:, cheap], _USUAL)), price) + _ROOM
    centre, scale = estimates.mean(axis=0), np.maximum(estimates.std(axis=0), _LEAST_SCALE)
    actor = Actor(view, centre, scale, span, recipe)
    arrays = {
        "means": view.success.mean(axis=0),
        "cuts": baselines.cuts(view, span),
        "bandit": baselines.bandit(view, span, recipe.seed),
        "centre": centre,
        "scale": scale,
        "network": actor.practise(tell),
    }
    return Fitted(arrays, span, recipe.practice.hidden)
