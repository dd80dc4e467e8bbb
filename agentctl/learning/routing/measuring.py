"""What every learner is worth on tasks that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agentctl.learning.routing.curves import ranking
from agentctl.learning.routing.earning import always, earn
from agentctl.learning.routing.seeing import View
from agentctl.training.rules import Rule
from agentctl.training.seen import Floats

_AS_GOOD, _AS_GOOD_REWARD = 0.01, 0.002  # what is nearer to the best than that on a fifth of the tasks, is so by chance


def measure(view: View, rules: Mapping[str, Rule], cost_weight: float) -> dict[str, dict[str, float | None]]:
    """For each learner how well it ranks between the cheapest action and the dearest, and what it earns."""
    cheap, dear = view.ends
    low, high = view.success[:, cheap], view.success[:, dear]
    return {
        name: {**asdict(ranking(score(view, rule), low, high)), **asdict(earn(view, rule, cost_weight))}
        for name, rule in rules.items()
    }


def references(view: View, actions: tuple[str, ...], cost_weight: float) -> dict[str, dict[str, Any]]:
    """What each action earns that answers every task."""
    return {name: asdict(always(view, place, cost_weight)) for place, name in enumerate(actions)}


def score(view: View, rule: Rule) -> Floats:
    """How much each task is worth the dearest action; of two stages the first counts, where both can be chosen."""
    return rule.score(view.seen(1.0), *view.ends)


def best(learners: Mapping[str, Mapping[str, float | None]], *, by_reward: bool) -> str:
    """The learner to use: with the highest APGR, or the highest reward; of similar ones the simplest.

    Where no gap is to be recovered, and nothing ranks, it is the reward, too.
    """

    def worth(name: str) -> float:
        one = learners[name]
        apgr = None if by_reward else one["apgr"]
        return float(one["reward"] or 0) if apgr is None else apgr

    least = max(map(worth, learners)) - (_AS_GOOD_REWARD if by_reward else _AS_GOOD)
    return next(name for name in learners if worth(name) >= least)
