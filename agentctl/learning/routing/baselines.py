"""The learners beside PPO: a tuned threshold, and LinUCB."""

from __future__ import annotations

import numpy as np

from agentctl.learning.routing.seeing import View
from agentctl.training.rules import PRICES, arms
from agentctl.training.seen import Floats

_BOLDNESS = 1.0  # how many deviations above its estimate LinUCB takes an action for
_RIDGE = 1.0


def cuts(view: View, span: float) -> Floats:
    """The cuts at each price with the highest reward on these tasks, `(2, PRICES)`; they never fall as the price rises.

    Where a first answer can be looked at, the second choice is tuned first, and the first one knowing what comes of it.
    """
    tuned = [_pair(view, float(price)) for price in np.linspace(0, span, PRICES)]
    return np.maximum.accumulate(np.array(tuned).T, axis=1)


def _pair(view: View, price: float) -> tuple[float, float]:
    """The cuts of the first and of the second choice at one price of the dearest action."""
    cheap, dear = view.ends
    low, high = view.success[:, cheap], view.success[:, dear]
    first, second = (estimates[:, dear] - estimates[:, cheap] for estimates in (view.before, view.after))
    if not view.sequential:
        cut = _cut(first, high - low - price)
        return cut, cut
    escalating = high - low - price * view.rates(answered=True)[dear]
    again = _cut(second, escalating)
    return _cut(first, high - price - low - np.where(second > again, escalating, 0)), again


def _cut(gain: Floats, actual: Floats) -> float:
    """Where to cut the estimated gain, so that the actual gain of the tasks above comes to most."""
    order = np.argsort(-gain, kind="stable")
    gain, earned = gain[order], np.concatenate(([0], np.cumsum(actual[order])))
    # Between two neighbours; equal ones are not parted.
    between = np.concatenate(([gain[0] + 1], (gain[:-1] + gain[1:]) / 2, [gain[-1] - 1]))
    apart = np.concatenate(([True], gain[:-1] > gain[1:], [True]))
    return float(between[int(np.argmax(np.where(apart, earned, -np.inf)))])


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
