"""What a choice is made on: success as it is estimated, what each action costs in success, figures of the prompt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agentctl.training.lexical import FIGURES

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Some choices side by side.

    Args:
        estimates: the success that is expected of each action, `(B, A)`.
        prices: the success that each action costs more than the cheapest, `(B, A)`.
        figures: of the prompts, `(B, FIGURES)`.
        mask: which actions are allowed, `(B, A)`.
        answered: whether the cheapest action's answer is there, and the choice is to accept it or to pay another too.
    """

    estimates: Floats
    prices: Floats
    figures: NDArray[np.float32]
    mask: NDArray[np.bool_]
    answered: bool = False

    def __len__(self) -> int:
        return len(self.estimates)

    @property
    def utilities(self) -> Floats:
        """What each action is worth, `(B, A)`; -inf where it is not allowed."""
        return np.where(self.mask, self.estimates - self.prices, -np.inf)

    def at(self, prices: Floats) -> Seen:
        """The same at other prices."""
        return replace(self, prices=np.broadcast_to(prices, self.estimates.shape))


def ends(costs: Floats, mask: NDArray[np.bool_] | None = None) -> tuple[int, int]:
    """The places of the cheapest and of the dearest action that is allowed; of equal ones the first and the last."""
    allowed = np.ones(len(costs), np.bool_) if mask is None else mask
    cheapest = int(np.argmin(np.where(allowed, costs, np.inf)))
    return cheapest, len(costs) - 1 - int(np.argmax(np.where(allowed, costs, -np.inf)[::-1]))


def priced(costs: Floats, cheapest: int, *, answered: bool = False) -> Floats:
    """What each action costs more than going on with the cheapest; once that has answered, all of its own cost."""
    more = costs.copy() if answered else costs - costs[cheapest]
    more[cheapest] = 0
    return more


def observation(seen: Seen, centre: Floats, scale: Floats, span: float) -> NDArray[np.float32]:
    """What the actor sees, `(B, observed(A))`, near 1 in size; `span` is the highest price that it was trained at."""
    prices = np.minimum(seen.prices, span)
    worth = seen.estimates - prices
    worth = worth - worth.mean(axis=1, keepdims=True)
    stage = np.full((len(seen), 1), float(seen.answered))
    parts = ((seen.estimates - centre) / scale, worth / scale.mean(), prices / span, stage, seen.figures[:, 1:])
    return np.concatenate(parts, axis=1, dtype=np.float32)


def observed(actions: int) -> int:
    """How many numbers the actor sees."""
    return 3 * actions + FIGURES
