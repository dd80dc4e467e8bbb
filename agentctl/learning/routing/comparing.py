"""What a policy earns on tasks that it did not learn from, task by task, beside what it has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentctl.learning.comparison import Paired
from agentctl.learning.incumbent import Incumbent
from agentctl.learning.routing import earning
from agentctl.learning.routing.packing import estimates_of
from agentctl.learning.routing.seeing import View, look
from agentctl.learning.routing.table import Table
from agentctl.training.policy import RoutingPolicy
from agentctl.training.rules import Rule
from agentctl.training.seen import Floats


@dataclass(frozen=True, eq=False)
class Terms:
    """What a choice costs: each action of a table, `(actions,)`, and the success that a unit of cost is worth."""

    costs: Floats
    cost_weight: float


def earned(view: View, rule: Rule, cost_weight: float) -> Floats:
    """The reward of a learner on each task."""
    return earning.rewards(view, *earning.answers(view, rule, cost_weight), cost_weight)


def earned_by(policy: RoutingPolicy, table: Table, terms: Terms) -> Floats:
    """The reward of a policy on each task; it knows all actions of the table and no other."""
    places = [table.actions.index(name) for name in policy.actions]
    view = look(
        table.among(policy.actions),
        terms.costs[places],
        *estimates_of(policy),
        sequential=policy.sequential,
        spec=policy.spec,
    )
    return earned(view, policy.rules[policy.selected], terms.cost_weight)


def compared(candidate: Floats, table: Table, terms: Terms, incumbent: Incumbent | None) -> Paired:
    """Compare what a candidate earned with each action alone, and with what decides now if it knows the same actions.

    An incumbent that learnt from some of these tasks is judged too well by them, and so is harder to beat.

    Raises:
        ComparisonError: there are no tasks.
    """
    others = {
        f"always {name}": np.asarray(table.success[:, place] - terms.cost_weight * terms.costs[place])
        for place, name in enumerate(table.actions)
    }
    now = None
    if incumbent is not None and set(incumbent.policy.actions) == set(table.actions):
        now = incumbent.sha
        others[now] = earned_by(incumbent.policy, table, terms)
    return Paired(candidate, others, table.kinds, now)
