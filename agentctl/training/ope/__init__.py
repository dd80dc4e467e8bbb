"""Off-policy evaluation: what another policy would have earned, of the log of the one that decided.

All estimators take a log in which each decision has the probability with which it was taken, and the probabilities
with which the policy in question would take each action there. Their intervals are bootstrap intervals over rows.
"""

from agentctl.training.ope.bootstrap import interval
from agentctl.training.ope.estimators import Estimate, contributions, dm, dr, ips, snips, support, weights
from agentctl.training.ope.logged import Logged, LoggedError
from agentctl.training.ope.outcome import cross_fitted

__all__ = [
    "Estimate",
    "Logged",
    "LoggedError",
    "contributions",
    "cross_fitted",
    "dm",
    "dr",
    "interval",
    "ips",
    "snips",
    "support",
    "weights",
]
