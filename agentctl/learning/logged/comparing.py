"""What a policy would have earned over sessions that it did not learn from, beside what it has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.comparison import Paired, off_policy
from agentctl.learning.incumbent import Incumbent
from agentctl.learning.logged.experience import Experience
from agentctl.learning.logged.pseudo import logged
from agentctl.learning.logged.worth import Worth
from agentctl.training.policy import RoutingPolicy


def choices(policy: RoutingPolicy, experience: Experience, cost_weight: float) -> NDArray[np.float64]:
    """The probability of each action at each decision, (N, A); all of it on the one that the policy would take.

    An action that one of the two does not know is not allowed. Where the policy knows none of those that were allowed,
    what was done stands for its choice.
    """
    places = [policy.actions.index(name) if name in policy.actions else None for name in experience.actions]
    known = [place for place in places if place is not None]
    found = np.zeros(experience.mask.shape)
    for row in range(len(experience)):
        mask, costs = np.zeros(len(policy.actions), np.bool_), np.zeros(len(policy.actions))
        mine = [n for n, place in enumerate(places) if place is not None]
        mask[known] = experience.mask[row, mine]
        costs[known] = np.nan_to_num(experience.expected[row, mine])
        if mask.any():
            judged = policy.judge(experience.features[row], costs=costs, cost_weight=cost_weight, mask=mask)
            found[row, experience.actions.index(policy.actions[judged.action])] = 1
        else:
            found[row, experience.chosen[row]] = 1
    return found


def compared(
    policy: RoutingPolicy,
    held: Experience,
    success: NDArray[np.float64],
    worth: Worth,
    incumbent: Incumbent | None,
) -> Paired:
    """Compare the policy with each action alone, and with the one that decides now, by doubly robust estimates.

    Args:
        policy: the one in question.
        held: sessions that it did not learn from.
        success: the mean of each action, (A,), which chooses the one that stands in where another is not allowed.
        worth: what counts against success.
        incumbent: what decides now, if anything does and it sees the same features.

    Raises:
        LoggedError: the log makes no sense.
    """
    others = {f"always {name}": _always(held, n, success) for n, name in enumerate(held.actions)}
    now = None
    if incumbent is not None and incumbent.policy.spec == policy.spec:
        now = incumbent.sha
        others[now] = choices(incumbent.policy, held, worth.cost)
    log = logged(held, worth.rewards(held))
    return off_policy(log, choices(policy, held, worth.cost), others, incumbent=now)


def _always(held: Experience, action: int, success: NDArray[np.float64]) -> NDArray[np.float64]:
    usual = np.where(held.mask, success, -np.inf).argmax(axis=1)
    chosen = np.where(held.mask[:, action], action, usual)
    return np.eye(held.mask.shape[1])[chosen]
