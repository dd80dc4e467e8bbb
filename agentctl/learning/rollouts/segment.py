"""Experience: so many steps of so many environments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be collected: `horizon` steps of each environment with these parameters."""

    iteration: int
    horizon: int
    parameters: Floats


@dataclass(frozen=True, slots=True)
class Segment:
    """T steps of n environments, each (T, n, …).

    Args:
        observations: (T, n, D) what was seen before each step.
        actions: (T, n, categoricals) what was done.
        finals: (K, D) the last observations of the K episodes that were cut short, in the order of `cut`.
        last: (n, D) what is seen after the last step.
    """

    observations: Floats
    actions: NDArray[np.int64]
    log_probabilities: Floats
    values: Floats
    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    finals: Floats
    last: Floats

    @property
    def cut(self) -> NDArray[np.bool_]:
        """(T, n) where an episode was cut short that had not come to its end."""
        return self.truncated & ~self.terminated

    @property
    def finite(self) -> bool:
        """Whether all that the environments said are numbers."""
        return all(bool(np.isfinite(one).all()) for one in (self.observations, self.rewards, self.finals, self.last))

    def ended(self, finals: Sequence[Floats]) -> Segment:
        """This one, with the last observations that were seen step by step."""
        return replace(self, finals=np.concatenate(finals)) if finals else self


def merge(parts: Sequence[Segment]) -> Segment:
    """One segment of several of the same steps, their environments in order."""
    if len(parts) == 1:
        return parts[0]
    side_by_side = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in (
            "observations",
            "actions",
            "log_probabilities",
            "values",
            "rewards",
            "terminated",
            "truncated",
        )
    }
    steps = np.concatenate([np.nonzero(part.cut)[0] for part in parts])
    finals = np.concatenate([part.finals for part in parts])[np.argsort(steps, kind="stable")]
    return Segment(**side_by_side, finals=finals, last=np.concatenate([part.last for part in parts]))
