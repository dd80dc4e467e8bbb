"""A policy that chooses which of several actions (models, efforts, prompts) is to answer a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agentctl.training.correction import corrected, terms
from agentctl.training.features import FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.rules import PRICES, Actor, BestSingle, LinUCB, Ridge, Rule, Threshold
from agentctl.training.seen import Floats, Seen, ends, priced

LEARNERS = ("best_single", "threshold", "ridge", "linucb", "ppo")
"""What every run fits, the simplest first."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a policy says of a prompt.

    Args:
        probabilities: how likely it takes each action, `(A,)`.
        expected_success: of each action, `(A,)`.
        action: the place of the one that it takes.
        value: the reward that it expects, success less cost.
    """

    probabilities: Floats
    expected_success: Floats
    action: int
    value: float


@dataclass(frozen=True, eq=False)
class RoutingPolicy:
    """What a run learnt.

    Args:
        spec: what its features are.
        actions: what it chooses from.
        selected: the learner that chooses.
        hidden: units of the actor's hidden layers.
        span: the highest price, in success, that it was trained at.
        arrays: of the estimates `weights` `(A, dims)`, `offsets` `(A,)` and `correction` `(terms, A)`, and where it
            looks at answers `reply_weights` and the others as `answer_…`; of the rules `means` `(A,)`, `cuts`
            `(2, PRICES)`, `bandit` `(A, D)`; of the actor `centre`, `scale` `(A,)` and `network`.

    Raises:
        ValueError: they do not fit together, or have something in them that is no number.
    """

    spec: FeatureSpec
    actions: tuple[str, ...]
    selected: str
    hidden: tuple[int, ...]
    span: float
    arrays: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        count = len(self.actions)
        if count < 1 or len(set(self.actions)) < count or self.selected not in LEARNERS or not 0 < self.span < np.inf:
            raise ValueError(f"no policy is {self.selected!r} over {count} actions, up to a price of {self.span}")
        for name, shape in _shapes(count, self.spec.dims, answers=self.sequential).items():
            one = self.arrays.get(name)
            if one is None or (shape and one.shape != shape) or one.dtype.kind != "f" or not np.isfinite(one).all():
                raise ValueError(f"{name} is not what {count} actions and {self.spec.dims} features need")
        self.rules  # noqa: B018 - its network is checked here, and not at the first choice

    @property
    def sequential(self) -> bool:
        """Whether it looks at the cheapest action's answer, to accept it or to pay for another."""
        return "answer_weights" in self.arrays

    @property
    def learners(self) -> tuple[str, ...]:
        """The learners that it has."""
        return LEARNERS

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """How each learner chooses."""
        arrays = self.arrays
        actor = Actor(arrays["network"], self.hidden, arrays["centre"], arrays["scale"], self.span)
        rules = (BestSingle(arrays["means"]), Threshold(arrays["cuts"], self.span), Ridge(), LinUCB(arrays["bandit"]))
        return dict(zip(LEARNERS, (*rules, actor), strict=True))

    def judge(
        self,
        features: ArrayLike,
        *,
        costs: ArrayLike,
        cost_weight: float,
        mask: ArrayLike | None = None,
        learner: str | None = None,
        answer: ArrayLike | None = None,
    ) -> Judgement:
        """Choose for a prompt.

        Args:
            features: `spec.of(prompt)`.
            costs: what each action costs, `(A,)`, in whatever unit.
            cost_weight: the success that a unit of cost is worth.
            mask: which actions are allowed, `(A,)`; all if not given.
            learner: the one that chooses; the selected one if not given.
            answer: the features of the cheapest action's answer, if it is there: then the choice of that action means
                to accept it, and any other is paid for besides.

        Raises:
            ValueError: these features are not of its kind, a cost is none, or no action is allowed.
        """
        row, cost = np.asarray(features, np.float32), np.asarray(costs, np.float64)
        allowed = np.ones(len(self.actions), np.bool_) if mask is None else np.asarray(mask, np.bool_)
        self._check(row, cost, cost_weight, allowed)
        cheapest, _ = ends(cost, allowed)
        answered = answer is not None
        if answered and not self.sequential:
            raise ValueError("it has not learnt to look at answers")
        estimates = self.estimates(row, None if answer is None else np.asarray(answer, np.float32))
        prices = np.where(allowed, cost_weight * priced(cost, cheapest, answered=answered), 0)
        seen = Seen(estimates[None], prices[None], row[None, :FIGURES], allowed[None], answered)
        probabilities, values = self.rules[learner or self.selected].weigh(seen)
        value = float(values[0]) - cost_weight * float(cost[cheapest])
        return Judgement(probabilities[0], estimates, int(np.argmax(probabilities[0])), value)

    def estimates(self, features: NDArray[np.float32], answer: NDArray[np.float32] | None = None) -> Floats:
        """The success expected of each action, `(A,)`, of what is known: the prompt, and perhaps a first answer."""
        arrays = self.arrays
        if answer is None:
            raw = arrays["weights"] @ features + arrays["offsets"]
        else:
            raw = arrays["answer_weights"] @ features + arrays["reply_weights"] @ answer + arrays["answer_offsets"]
        correction = arrays["correction" if answer is None else "answer_correction"]
        return corrected(raw[None].astype(np.float64), correction)[0]

    def _check(self, row: NDArray[np.float32], cost: Floats, weight: float, allowed: NDArray[np.bool_]) -> None:
        if row.shape != (self.spec.dims,) or not np.isfinite(row).all():
            raise ValueError(f"the features are not {self.spec.dims} numbers")
        if cost.shape != allowed.shape or cost.shape != (len(self.actions),) or not allowed.any():
            raise ValueError(f"there are {len(self.actions)} actions to be priced, and one has to be allowed")
        if not np.isfinite(cost[allowed]).all() or not 0 <= weight < np.inf:
            raise ValueError("a cost is no number")

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What it is for a manifest, and its arrays."""
        manifest = {
            "spec": {**asdict(self.spec), "sha": self.spec.sha},
            "actions": list(self.actions),
            "selected": self.selected,
            "learners": list(LEARNERS),
            "hidden": list(self.hidden),
            "span": self.span,
        }
        return manifest, dict(self.arrays)

    @classmethod
    def of(cls, manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> RoutingPolicy:
        """The policy that these are the parts of.

        Raises:
            ValueError, TypeError, KeyError: they are not, or its features were made in another way than today's.
        """
        told = dict(manifest["spec"])
        sha = told.pop("sha")
        spec = FeatureSpec(**told)
        if spec.sha != sha:
            raise ValueError("it was trained on other features than this version of agentctl makes")
        hidden, actions = tuple(manifest["hidden"]), tuple(manifest["actions"])
        return cls(spec, actions, manifest["selected"], hidden, float(manifest["span"]), dict(arrays))


def _shapes(actions: int, dims: int, *, answers: bool) -> dict[str, tuple[int, ...]]:
    """The shapes that the arrays must have; an empty one is checked elsewhere."""
    rows, columns = ["weights"], ["offsets", "means", "centre", "scale"]
    if answers:
        rows += ["answer_weights", "reply_weights"]
        columns += ["answer_offsets"]
    return {
        **dict.fromkeys(rows, (actions, dims)),
        **dict.fromkeys(columns, (actions,)),
        **dict.fromkeys(["correction", "answer_correction"][: 1 + answers], (terms(actions), actions)),
        "cuts": (2, PRICES),
        "bandit": (actions, actions + FIGURES + 1),
        "network": (),
    }
