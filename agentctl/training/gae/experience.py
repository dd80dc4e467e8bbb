"""Experience as the kernels read it: checked, and in one of two layouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentctl.training.gae.checks import Flags, Floats, Indices


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps of environments side by side: every array (T, N), `last_value` (N,).

    `truncated` and `final_values` are both there or both None.
    """

    rewards: Floats
    values: Floats
    terminated: Flags
    truncated: Flags | None
    final_values: Floats | None
    last_value: Floats

    def flat(self) -> Flat:
        """Return the same steps with every environment's one after the other."""
        steps, lanes = self.rewards.shape
        return Flat(
            np.ascontiguousarray(self.rewards.T).ravel(),
            np.ascontiguousarray(self.values.T).ravel(),
            np.ascontiguousarray(self.terminated.T).ravel(),
            None if self.truncated is None else np.ascontiguousarray(self.truncated.T).ravel(),
            None if self.final_values is None else np.ascontiguousarray(self.final_values.T).ravel(),
            self.last_value,
            np.full(lanes, steps),
        )


@dataclass(frozen=True, slots=True)
class Flat:
    """Segments one after the other: every array (n,), `last_value` and `lengths` (E,), lengths adding up to n."""

    rewards: Floats
    values: Floats
    terminated: Flags
    truncated: Flags | None
    final_values: Floats | None
    last_value: Floats
    lengths: Indices
