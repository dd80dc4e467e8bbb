"""How each learner chooses. What they have learnt is in their arrays; see `agentctl.learning.routing` for how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agentctl.training.network import Network, Shape
from agentctl.training.seen import Floats, Seen, observation, observed

PRICES = 33
"""The prices that thresholds are tuned at, from 0 to the span."""
_SOUNDINGS = 9  # the prices that the actor is asked at, to tell how dear an action it would take


class Rule(Protocol):
    """A learner that has learnt."""

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """The probability of each action `(B, A)`, and the success less prices that it expects of its choice `(B,)`."""

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """How much the dear action is better than the cheap one, whatever they cost, `(B,)`."""


def surely(utilities: Floats) -> tuple[Floats, Floats]:
    """The choice of the best action, without chance."""
    chosen = np.argmax(utilities, axis=1)
    return np.eye(utilities.shape[1])[chosen], utilities[np.arange(len(chosen)), chosen]


@dataclass(frozen=True, eq=False)
class BestSingle:
    """The action that is best of all over all prompts: `means` is each one's success."""

    means: Floats

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """See `Rule`."""
        return surely(np.where(seen.mask, self.means - seen.prices, -np.inf))

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """See `Rule`."""
        return np.full(len(seen), self.means[dear] - self.means[cheap])


@dataclass(frozen=True, eq=False)
class Ridge:
    """The action whose estimated success less its price is highest."""

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """See `Rule`."""
        return surely(seen.utilities)

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """See `Rule`."""
        return seen.estimates[:, dear] - seen.estimates[:, cheap]


@dataclass(frozen=True, eq=False)
class Threshold:
    """The dearest action where the gain that is estimated passes a cut, else the cheapest.

    Args:
        cuts: the cut at each of `PRICES` prices from 0 to `span`, before an answer and after it, `(2, PRICES)`.
    """

    cuts: Floats
    span: float

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """See `Rule`."""
        prices = np.where(seen.mask, seen.prices, np.inf)
        cheap = np.argmin(prices, axis=1)
        dear = seen.prices.shape[1] - 1 - np.argmax(np.where(seen.mask, seen.prices, -np.inf)[:, ::-1], axis=1)
        rows = np.arange(len(seen))
        gain = seen.estimates[rows, dear] - seen.estimates[rows, cheap]
        more = seen.prices[rows, dear] - seen.prices[rows, cheap]
        cut = np.interp(more, np.linspace(0, self.span, PRICES), self.cuts[int(seen.answered)])
        chosen = np.where(gain > cut + np.maximum(0, more - self.span), dear, cheap)
        return np.eye(seen.prices.shape[1])[chosen], seen.utilities[rows, chosen]

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """See `Rule`."""
        return seen.estimates[:, dear] - seen.estimates[:, cheap]


@dataclass(frozen=True, eq=False)
class LinUCB:
    """The action whose success, linear in the estimates and figures, less its price is highest: `weights` `(A, D)`."""

    weights: Floats

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """See `Rule`."""
        return surely(np.where(seen.mask, arms(seen) @ self.weights.T - seen.prices, -np.inf))

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """See `Rule`."""
        return np.asarray(arms(seen) @ (self.weights[dear] - self.weights[cheap]))


def arms(seen: Seen) -> Floats:
    """What LinUCB's success is linear in, `(B, A + FIGURES + 1)`."""
    stage = np.full((len(seen), 1), float(seen.answered))
    return np.concatenate((seen.estimates, stage, seen.figures), axis=1, dtype=np.float64)


class Actor:
    """The policy that PPO has learnt.

    Args:
        network: its parameters, one flat vector.
        hidden: units in each hidden layer.
        centre, scale: the mean and deviation of each action's estimates in training.
        span: the highest price it was trained at.
    """

    def __init__(
        self, network: NDArray[np.float32], hidden: tuple[int, ...], centre: Floats, scale: Floats, span: float
    ) -> None:
        self._network = Network(Shape(observed(len(centre)), (len(centre),), hidden))
        if network.shape != self._network.parameters.shape:
            raise ValueError(f"the network has {network.shape} parameters, not {self._network.parameters.shape}")
        self._network.parameters[:] = network
        self.centre, self.scale, self.span = centre, scale, span

    def weigh(self, seen: Seen) -> tuple[Floats, Floats]:
        """See `Rule`."""
        logits, values = self._forward(seen)
        # What costs more than anything was ever worth is not taken, whatever the network makes of such a price.
        logits[~seen.mask | (seen.prices > self.span)] = -np.inf
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), values

    def score(self, seen: Seen, cheap: int, dear: int) -> Floats:
        """How dear the other action may be before the actor no longer takes it: its odds' logarithm over all prices."""
        rises = seen.prices[:, dear] - seen.prices[:, cheap]
        if (rises <= 0).any():  # no price tells them apart: all prices are as high as the other is dear
            unit = np.zeros(seen.prices.shape[1])
            unit[dear] = 1
            rates = np.broadcast_to(unit, seen.prices.shape)
        else:
            rates = (seen.prices - seen.prices[:, [cheap]]) / rises[:, None]
        total = np.zeros(len(seen))
        for price in np.linspace(0, self.span, _SOUNDINGS):
            logits, _ = self._forward(seen.at(rates * price))
            total += logits[:, dear] - logits[:, cheap]
        return total / _SOUNDINGS

    def _forward(self, seen: Seen) -> tuple[Floats, Floats]:
        logits, values = self._network.forward(observation(seen, self.centre, self.scale, self.span))
        return logits.T.astype(np.float64), values.astype(np.float64)
