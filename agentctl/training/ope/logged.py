"""Decisions that were taken, with the probability of each, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SUM = 1e-4  # by which probabilities, which may be float32, can miss 1


class LoggedError(ValueError):
    """The log can't be learned from."""


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """N decisions among A actions, checked.

    Args:
        features: what was known at each, (N, D).
        actions: what was chosen, as a column of `mask`, (N,).
        propensities: the probability with which that was chosen, in (0, 1], (N,).
        rewards: what came of it, (N,).
        mask: which actions could be chosen, (N, A).
        slices: a name of the kind of each decision, if there are kinds, (N,).

    Raises:
        LoggedError: a value is missing or makes no sense; it says which, and in which row.
    """

    features: NDArray[np.float32]
    actions: NDArray[np.int64]
    propensities: NDArray[np.float64]
    rewards: NDArray[np.float64]
    mask: NDArray[np.bool_]
    slices: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self._convert()
        self._check_shapes()
        _refuse(np.any(~np.isfinite(self.features), axis=1), "features are not all numbers")
        unknown = "the action is none of those there are"
        _refuse((self.actions < 0) | (self.actions >= self.mask.shape[1]), unknown, self.actions)
        rows = np.arange(len(self.actions))
        _refuse(~self.mask[rows, self.actions], "the action is one that was not allowed", self.actions)
        _refuse(np.isnan(self.propensities), "the propensity is missing")
        outside = (self.propensities <= 0) | (self.propensities > 1)
        _refuse(outside, "the propensity is not above 0 and at most 1", self.propensities)
        _refuse(~np.isfinite(self.rewards), "the reward is no number", self.rewards)

    def __len__(self) -> int:
        return len(self.actions)

    def check(self, target: NDArray[np.floating]) -> NDArray[np.float64]:
        """The probabilities (N, A) of a policy on these decisions, as they are used.

        Raises:
            LoggedError: they are no probabilities.
        """
        checked = np.asarray(target, np.float64)
        if checked.shape != self.mask.shape:
            raise LoggedError(f"probabilities are {checked.shape}, and the decisions {self.mask.shape}")
        sums = checked.sum(axis=1)
        wrong = ~np.isfinite(checked).all(axis=1) | (checked < 0).any(axis=1) | ~(np.abs(sums - 1) <= _SUM)
        _refuse(wrong, "the policy's probabilities are none", sums)
        return checked

    def _convert(self) -> None:
        try:
            for name, kind in _KINDS.items():
                object.__setattr__(self, name, _array(getattr(self, name), kind))
        except (TypeError, ValueError, OverflowError) as error:
            raise LoggedError(f"the log's {name} make no sense: {error}") from error

    def _check_shapes(self) -> None:
        count = len(self.actions) if self.actions.ndim == 1 else -1
        vectors = [self.propensities.shape, self.rewards.shape] == [(count,)] * 2
        tables = all(one.ndim == 2 and len(one) == count for one in (self.features, self.mask))  # noqa: PLR2004
        named = self.slices is None or len(self.slices) == count
        if not (vectors and tables and named):
            shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in _KINDS)
            raise LoggedError(f"the log's columns do not fit each other: {shapes}")
        if count == 0:
            raise LoggedError("the log is empty")


_KINDS = {
    "features": np.float32,
    "actions": np.int64,
    "propensities": np.float64,
    "rewards": np.float64,
    "mask": np.bool_,
}


def _array(value: object, kind: type[np.generic]) -> NDArray[np.generic]:
    array = np.asarray(value)
    if kind is np.int64 and array.dtype.kind not in "iu":
        raise ValueError("actions are whole numbers")
    return np.asarray(value, kind)


def _refuse(wrong: NDArray[np.bool_], why: str, values: NDArray[np.generic] | None = None) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        found = "" if values is None else f": {values[row].item()!r}"
        others = f", and in {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
        raise LoggedError(f"{why}{found} (in row {row}{others})")
