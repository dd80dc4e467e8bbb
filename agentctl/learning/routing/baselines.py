"""The learners beside PPO: a tuned threshold, and LinUCB."""

from __future__ import annotations

import numpy as np

from agentctl.learning.routing.seeing import View
from agentctl.training.rules import PRICES, arms
from agentctl.training.seen import Floats

_BOLDNESS = 1.0  # how many deviations above its estimate LinUCB takes an action for
_RIDGE = 1.0


def cuts(view: View, span: float) -> Floats:
    """The cuts at each price with the highest reward on these tasks, which never fall as the price rises."""
    stages = (view.before, view.after) if view.sequential else (view.before, view.before)
    return np.stack([_cuts(view, estimates, span) for estimates in stages])


def _cuts(view: View, estimates: Floats, span: float) -> Floats:
    cheap, dear = view.ends
    gain = estimates[:, dear] - estimates[:, cheap]
    order = np.argsort(-gain, kind="stable")
    gain, actual = gain[order], (view.success[:, dear] - view.success[:, cheap])[order]
    earned = np.concatenate(([0], np.cumsum(actual)))
    # Between two neighbours; equal ones are not parted.
    between = np.concatenate(([gain[0] + 1], (gain[:-1] + gain[1:]) / 2, [gain[-1] - 1]))
    open_ = np.concatenate(([True], gain[:-1] > gain[1:], [True]))
    count = np.arange(len(gain) + 1)
    tuned = [
        between[int(np.argmax(np.where(open_, earned - price * count, -np.inf)))]
        for price in np.linspace(0, span, PRICES)
    ]
    return np.maximum.accumulate(tuned)


def bandit(view: View, span: float, seed: int) -> Floats:
    """LinUCB's weights, learnt by choosing once for each task and seeing the outcome of that choice alone."""
    rng = np.random.default_rng((seed, 3))
    seen = view.seen(rng.uniform(0, span, len(view)))
    contexts = arms(seen)
    actions, size = seen.estimates.shape[1], contexts.shape[1]
    inverse = np.stack([np.eye(size) / _RIDGE] * actions)
    earned = np.zeros((actions, size))
    weights = np.zeros((actions, size))
    for task in rng.permutation(len(view)).tolist():
        context = contexts[task]
        images = inverse @ context
        doubts = images @ context
        chosen = int(np.argmax(weights @ context + _BOLDNESS * np.sqrt(doubts) - seen.prices[task]))
        image = images[chosen]
        inverse[chosen] -= np.outer(image, image) / (1 + doubts[chosen])
        earned[chosen] += view.success[task, chosen] * context
        weights[chosen] = inverse[chosen] @ earned[chosen]
    return weights
