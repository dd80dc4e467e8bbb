"""What a policy would have earned over sessions that it did not learn from, as each of four estimators has it."""

from __future__ import annotations

from dataclasses import asdict

from agentctl.learning.logged.comparing import choices
from agentctl.learning.logged.experience import Experience
from agentctl.learning.logged.pseudo import logged
from agentctl.learning.logged.worth import Worth
from agentctl.training import ope
from agentctl.training.policy import RoutingPolicy

_DIGITS = 6


def estimated(policy: RoutingPolicy, held: Experience, worth: Worth, seed: int) -> dict[str, dict[str, float]]:
    """IPS, SNIPS, DM and DR of the policy's mean reward, by name, each as an `Estimate` has it.

    DR is what the gate goes by. The others say how far that hangs on propensities (IPS, SNIPS) or on predictions (DM).

    Args:
        policy: the one in question.
        held: sessions that it did not learn from.
        worth: what counts against success.
        seed: of the resamples.

    Raises:
        LoggedError: the log makes no sense.
    """
    log, target = logged(held, worth.rewards(held)), choices(policy, held, worth.cost)
    predictions = ope.cross_fitted(log)
    found = {
        "ips": ope.ips(log, target, seed=seed),
        "snips": ope.snips(log, target, seed=seed),
        "dm": ope.dm(log, target, predictions=predictions, seed=seed),
        "dr": ope.dr(log, target, predictions=predictions, seed=seed),
    }
    return {
        name: {figure: round(value, _DIGITS) for figure, value in asdict(one).items()} for name, one in found.items()
    }
