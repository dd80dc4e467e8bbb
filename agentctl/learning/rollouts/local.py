"""This process as the only worker."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment
from agentctl.learning.rollouts.share import Share
from agentctl.training.envs import Place


class Local:
    """Collects when it is asked for what was ordered."""

    def __init__(self, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
        self._share = Share(recipe, numbers, places)
        self._order: Order | None = None

    def order(self, order: Order) -> None:
        """Remember what to collect."""
        self._order = order

    def receive(self) -> Segment:
        """Collect it."""
        if self._order is None:
            raise RuntimeError("nothing was ordered")
        return self._share.collect(self._order)

    def close(self) -> None:
        """Let go of the environments."""
        self._share.close()
