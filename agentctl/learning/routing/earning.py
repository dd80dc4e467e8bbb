"""What comes of choices: rewards, costs, and the second choice where a first answer can be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.routing.seeing import View
from agentctl.training.rules import Rule
from agentctl.training.seen import Floats


@dataclass(frozen=True)
class Earned:
    """Means over tasks: success, cost in the unit of the costs, reward, and the share of tasks the dearest answered."""

    success: float
    cost: float
    reward: float
    dear_share: float


def earn(view: View, rule: Rule, cost_weight: float) -> Earned:
    """What a learner earns by its likeliest choices."""
    return summed(view, *answers(view, rule, cost_weight), cost_weight)


def answers(view: View, rule: Rule, cost_weight: float) -> tuple[NDArray[np.int64], Floats]:
    """The action whose answer a learner takes for each task, and what is paid for it, a first answer included."""
    cheap, dear = view.ends
    price = cost_weight * (view.costs[dear] - view.costs[cheap])
    chosen = np.argmax(rule.weigh(view.seen(price))[0], axis=1)
    paid = view.costs[chosen]
    if view.sequential:
        again = np.argmax(rule.weigh(view.seen(price, answered=True))[0], axis=1)
        escalated = (chosen == cheap) & (again != cheap)
        paid = paid + np.where(escalated, view.costs[again], 0)
        chosen = np.where(escalated, again, chosen)
    return chosen, paid


def rewards(view: View, chosen: NDArray[np.int64], paid: Floats, cost_weight: float) -> Floats:
    """Success less cost of these answers, one for each task."""
    return np.asarray(view.success[np.arange(len(view)), chosen] - cost_weight * paid)


def summed(view: View, chosen: NDArray[np.int64], paid: Floats, cost_weight: float) -> Earned:
    """What comes of these answers at these costs."""
    success = float(view.success[np.arange(len(view)), chosen].mean())
    cost = float(paid.mean())
    _, dear = view.ends
    return Earned(success, cost, success - cost_weight * cost, float((chosen == dear).mean()))


def always(view: View, action: int, cost_weight: float) -> Earned:
    """What one action earns that answers every task."""
    return summed(view, np.full(len(view), action), np.full(len(view), view.costs[action]), cost_weight)
