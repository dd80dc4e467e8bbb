"""What a learner learns from: samples of a policy's acts, checked before anything is learnt of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.training.categorical import Integers, Mask, NoLegalActionError
from agentctl.training.network import Shape

Floats32 = NDArray[np.float32]


class BatchError(ValueError):
    """Samples that nothing can be learnt from: of the wrong shape, not finite, or of no known action or propensity."""


@dataclass(frozen=True)
class Acted:
    """Actions (B, choices), and for each of the batch their log-probability and the observation's value, (B,)."""

    actions: Integers
    log_probabilities: Floats32
    values: Floats32


@dataclass(frozen=True)
class Batch:
    """Samples, one a row.

    Attributes:
        observations: (B, D).
        actions: what was done, (B, choices).
        log_probabilities: of these actions under the policy that acted, (B,).
        advantages: how much better than expected they were, (B,).
        returns: what the value should be, (B,).
        values: what the value was, (B,).
        mask: which actions were allowed, (B, all choices' actions); None if all were.
    """

    observations: Floats32
    actions: Integers
    log_probabilities: Floats32
    advantages: Floats32
    returns: Floats32
    values: Floats32
    mask: Mask | None = None

    def __len__(self) -> int:
        return len(self.observations)

    def check(self, shape: Shape) -> None:
        """Refuse what a network of the shape can't learn from.

        Raises:
            BatchError: there is no sample; an array has another shape, or a number that is not finite; an action is
                unknown or masked; a log-probability is missing (NaN), infinite, or above 0.
            NoLegalActionError: a choice had no action that was allowed.
        """
        count = len(self.observations)
        if not count:
            raise BatchError("there are no samples to learn from")
        self._check_shapes(count, shape)
        for name in ("observations", "log_probabilities", "advantages", "returns", "values"):
            if not np.isfinite(getattr(self, name)).all():
                raise BatchError(f"the {name.replace('_', ' ')} have numbers that are not finite")
        if self.log_probabilities.max() > 0:
            raise BatchError("a log-probability is above 0: these are no logarithms of probabilities")
        if self.actions.dtype.kind != "i":
            raise BatchError(f"the actions are {self.actions.dtype}, and no integers")
        if (self.actions < 0).any() or (self.actions >= np.array(shape.actions)).any():
            raise BatchError(f"an action is none of the {shape.actions} there are")
        if self.mask is not None:
            self._check_mask(self.mask, shape)

    def _check_shapes(self, count: int, shape: Shape) -> None:
        wanted: dict[str, tuple[int, ...]] = {
            "observations": (count, shape.observation),
            "actions": (count, len(shape.actions)),
            **dict.fromkeys(("log_probabilities", "advantages", "returns", "values"), (count,)),
        }
        if self.mask is not None:
            wanted["mask"] = (count, sum(shape.actions))
        for name, size in wanted.items():
            found = getattr(self, name).shape
            if found != size:
                raise BatchError(f"the {name.replace('_', ' ')} have shape {found}, where {size} is needed")

    def _check_mask(self, mask: Mask, shape: Shape) -> None:
        starts = np.cumsum((0, *shape.actions[:-1]))
        if not np.logical_or.reduceat(mask, starts, axis=1).all():
            raise NoLegalActionError("every action of a choice is masked: there was none to take")
        if not np.take_along_axis(mask, self.actions + starts, axis=1).all():
            raise BatchError("an action was taken that its mask forbids")
