"""Shares out the environments of a run among workers, and replaces a worker that dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agentctl.errors import AgentctlError
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment, merge
from agentctl.training.envs import Place

_TRIES = 3  # of one share; that it kills each worker is then no accident


class LostError(Exception):
    """The worker is gone."""


class Worker(Protocol):
    """Has a share of the environments, somewhere."""

    def order(self, order: Order) -> None:
        """Let it begin to collect."""

    def receive(self) -> Segment:
        """Wait for what it collected.

        Raises:
            LostError: it is gone.
            AgentctlError: an environment failed.
        """

    def close(self) -> None:
        """End it."""


Start = Callable[[Recipe, range, Sequence[Place]], Worker]


class Pool:
    """Workers, each with a share of the environments; no more of them than there are environments.

    Args:
        start: starts a worker with the environments of these numbers at these places.
        tell: takes a line when a worker was replaced.
    """

    def __init__(
        self, recipe: Recipe, start: Start, workers: int, places: Sequence[Place], tell: Callable[[str], None]
    ) -> None:
        self._recipe = recipe
        self._start = start
        self._tell = tell
        count = min(workers, recipe.envs)
        edges = [recipe.envs * one // count for one in range(count + 1)]
        self._shares = [range(edges[one], edges[one + 1]) for one in range(count)]
        self._workers: list[Worker] = []
        try:
            for share in self._shares:
                self._workers.append(start(recipe, share, places[share.start : share.stop]))
        except BaseException:
            self.close()
            raise

    def collect(self, order: Order, places: Callable[[], Sequence[Place]]) -> Segment:
        """What all environments come by; `places` says where they are, should a worker be replaced.

        Raises:
            AgentctlError: an environment failed, or a share killed every worker that had it.
        """
        for worker in self._workers:
            worker.order(order)
        return merge([self._receive(number, order, places) for number in range(len(self._workers))])

    def _receive(self, number: int, order: Order, places: Callable[[], Sequence[Place]]) -> Segment:
        share = self._shares[number]
        for _ in range(_TRIES):
            try:
                return self._workers[number].receive()
            except LostError as error:
                self._tell(f"worker {number + 1} died ({error}); another does its share again")
                self._workers[number].close()
                self._workers[number] = self._start(self._recipe, share, places()[share.start : share.stop])
                self._workers[number].order(order)
        raise AgentctlError(
            f"{_TRIES} workers died of environments {share.start} to {share.stop - 1}",
            hint="run it with --workers 1 to see why; `train run --resume latest` goes on where it was",
        )

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()
