"""A candidate beside what decides now and the baselines, decision by decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.verdict import Method
from agentctl.training import ope
from agentctl.training.ope import Logged

Rows = NDArray[np.float64]


class ComparisonError(ValueError):
    """There is nothing to compare."""


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """What each of several policies earned, or would have earned, in the same N decisions, none of them learned from.

    Args:
        candidate: the rewards of the policy in question, (N,).
        others: the rewards of what it has to beat, (N,) each: the incumbent, by its hash, and the baselines, by name.
        slices: the kind of each decision, if there are kinds.
        incumbent: which of the others decides now; None for none of them.
        method: how the rewards are known.
        shifts: in estimates from a log, by how much the candidate's weight of each row differs from each other's.
        support: the share of their choices that the rows can tell of.

    Raises:
        ComparisonError: columns do not fit each other, or a reward is no number.
    """

    candidate: Rows
    others: Mapping[str, Rows]
    slices: Sequence[str] | None = None
    incumbent: str | None = None
    method: Method = "exact"
    shifts: Mapping[str, Rows] | None = None
    support: float = 1.0

    def __post_init__(self) -> None:
        count = len(self.candidate)
        columns = [self.candidate, *self.others.values(), *(self.shifts or {}).values()]
        if not self.others or not count:
            raise ComparisonError("there is nothing to compare: no decisions, or no other policy")
        if any(one.shape != (count,) for one in columns) or (self.slices is not None and len(self.slices) != count):
            raise ComparisonError("the columns of the comparison do not fit each other")
        if not all(np.isfinite(one).all() for one in columns):
            raise ComparisonError("a reward is no number")
        if self.incumbent is not None and self.incumbent not in self.others:
            raise ComparisonError(f"the incumbent {self.incumbent} is none of what is compared")

    @property
    def rivals(self) -> list[str]:
        """What the candidate has to beat: the incumbent, and the baseline that earned most."""
        baselines = [name for name in self.others if name != self.incumbent]
        best = max(baselines, key=lambda name: float(self.others[name].mean()), default=None)
        return [name for name in (self.incumbent, best) if name is not None]

    def effective(self, against: str, rows: NDArray[np.bool_] | None = None) -> float:
        """How many rows of their own these are worth, to tell the candidate from another policy; all of them if exact.

        Raises:
            KeyError: there is no such policy.
        """
        chosen = slice(None) if rows is None else rows
        if self.shifts is None:
            return float(len(self.candidate[chosen]))
        shift = self.shifts[against][chosen]
        squares = float(np.square(shift).sum())
        return float(np.abs(shift).sum()) ** 2 / squares if squares > 0 else 0.0


def off_policy(
    logged: Logged,
    candidate: NDArray[np.floating],
    others: Mapping[str, NDArray[np.floating]],
    *,
    incumbent: str | None = None,
    seed: int = 0,
) -> Paired:
    """Compare policies by a log: doubly robust estimates, row by row, of one cross-fitted model of rewards.

    Args:
        logged: decisions that none of the policies was trained on.
        candidate: the probabilities with which the policy in question would choose, (N, A).
        others: the same of what it has to beat.
        incumbent: which of the others decides now.
        seed: of the folds of the model.

    Raises:
        LoggedError: probabilities are none.
        ComparisonError: there is nothing to compare.
    """
    predictions = ope.cross_fitted(logged, seed=seed)
    weight = ope.weights(logged, candidate)
    return Paired(
        ope.contributions(logged, candidate, predictions),
        {name: ope.contributions(logged, one, predictions) for name, one in others.items()},
        logged.slices,
        incumbent,
        "dr",
        {name: weight - ope.weights(logged, one) for name, one in others.items()},
        min(ope.support(logged, one) for one in (candidate, *others.values())),
    )
