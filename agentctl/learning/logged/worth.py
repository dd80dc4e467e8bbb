"""What the turns of sessions were worth: success, less what it cost in dollars, time and errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.errors import UsageError
from agentctl.learning.logged.experience import Experience

MOST = 1.0
"""What all costs together may take from success: a failure that costs nothing never outranks a success."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What counts against success.

    Args:
        cost: the success that a dollar is worth.
        latency: the success that a second is worth.
        tool_error: the success that a failed call of a tool is worth.
    """

    cost: float
    latency: float = 0.0
    tool_error: float = 0.0

    def rewards(self, experience: Experience) -> NDArray[np.float64]:
        """What each decision earned, (N,): from -1, a failure at the highest cost, to 1."""
        paid = self.cost * experience.costs + self._trouble(experience)
        return np.asarray(experience.success - np.minimum(paid, MOST))

    def good(self, experience: Experience) -> NDArray[np.float64]:
        """How good each decision was before it is paid for, (N,): what is learnt, as dollars are known beforehand."""
        return np.asarray(experience.success - np.minimum(self._trouble(experience), MOST))

    def _trouble(self, experience: Experience) -> NDArray[np.float64]:
        return np.asarray(self.latency * experience.seconds + self.tool_error * experience.tool_errors)

    def as_json(self) -> dict[str, float]:
        """As a manifest has it among the hyperparameters."""
        return {"cost_weight": self.cost, "latency_weight": self.latency, "tool_error": self.tool_error}

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Worth:
        """What a manifest says.

        Raises:
            KeyError, TypeError, ValueError: it makes no sense.
        """
        kept = manifest["hyperparameters"]
        return cls(*(_weight(name, kept.get(name, 0.0)) for name in ("cost_weight", "latency_weight", "tool_error")))


def parted(parameters: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """`latency_weight` and `tool_error` of hyperparameters, as arguments of `Worth`, and the others.

    Raises:
        UsageError: one is no number, or below 0.
    """
    rest = dict(parameters)
    found = {}
    for name, field in (("latency_weight", "latency"), ("tool_error", "tool_error")):
        if name in rest:
            try:
                found[field] = _weight(name, float(rest.pop(name)))
            except ValueError as error:
                raise UsageError(f"{name} is a number of 0 or more: {error}", hint=f"--set {name}=0.01") from error
    return found, rest


def _weight(name: str, value: Any) -> float:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value}")
    return float(value)
