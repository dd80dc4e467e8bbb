"""What each action costs, and what cost is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agentctl.errors import UsageError
from agentctl.learning.routing.table import Table
from agentctl.training.seen import Floats, ends

_LEAST_GAIN = 0.05  # in success, where the dearest action is hardly better than the cheapest


def costs_of(table: Table, given: Mapping[str, float] | None) -> NDArray[np.float64]:
    """What each action of the table costs: as given, or else as its outcomes say, on average, `(actions,)`.

    Raises:
        UsageError: an action has no cost, or one that makes no sense, or what has one is no action.
    """
    if given:
        check(given, table.actions)
        return np.array([float(given[action]) for action in table.actions])
    if table.costs is None:
        raise UsageError(f"what {', '.join(table.actions)} cost is not said in the tasks", hint=way_out(table.actions))
    return table.costs


def check(given: Mapping[str, float], actions: Sequence[str]) -> None:
    """See that these are the costs of all actions, and of nothing else.

    Raises:
        UsageError: they are not.
    """
    hint = way_out(actions)
    if unknown := sorted(set(given) - set(actions)):
        raise UsageError(f"--cost has {unknown[0]!r}, which is none of {', '.join(actions)}", hint=hint)
    if missing := [action for action in actions if action not in given]:
        raise UsageError(f"--cost does not say what {missing[0]!r} costs", hint=hint)
    for name, cost in given.items():
        if not 0 <= cost < math.inf:
            raise UsageError(f"--cost says that {name!r} costs {cost}", hint=hint)


def way_out(actions: Sequence[str]) -> str:
    """How to say what actions cost."""
    return "--cost " + ",".join(f"{name}={0.1 if place == 0 else 1:g}" for place, name in enumerate(actions))


def usual_weight(success: Floats, costs: Floats) -> float:
    """The cost weight at which the cheapest and the dearest action are worth the same, where the choice is hardest.

    Where the dearest is not better by 5 % of success, a gain of 5 % is put in its place; it is 0 if all cost the same.
    """
    cheap, dear = ends(costs)
    if costs[dear] <= costs[cheap]:
        return 0.0
    means = success.mean(axis=0)
    return float(max(_LEAST_GAIN, means[dear] - means[cheap]) / (costs[dear] - costs[cheap]))
