"""By what means experience is collected; the result is the same by all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from agentctl.errors import ConfigError
from agentctl.learning.rollouts.local import Local
from agentctl.learning.rollouts.pool import Pool, Start
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.training.envs import Place


@dataclass(frozen=True, slots=True)
class Means:
    """How many workers there are to be, and the address of the Ray cluster that has them, if one has."""

    workers: int = 1
    ray: str | None = None

    @contextmanager
    def pool(self, recipe: Recipe, places: Sequence[Place], tell: Callable[[str], None]) -> Iterator[Pool]:
        """The workers, while this lasts.

        Raises:
            ConfigError: Ray is missing, or there is no such cluster.
            UsageError: the cluster has no room for so many.
        """
        workers = min(self.workers, recipe.envs)
        with self._start(workers) as start:
            pool = Pool(recipe, start, workers, places, tell)
            try:
                yield pool
            finally:
                pool.close()

    @contextmanager
    def _start(self, workers: int) -> Iterator[Start]:
        if self.ray is not None:
            if find_spec("ray") is None:
                raise ConfigError("--ray needs Ray, which is not installed", hint="pip install 'agentctl[train]'")
            from agentctl.learning.rollouts.on_ray import cluster  # noqa: PLC0415 - a second, and few have one

            with cluster(self.ray, workers) as start:
                yield start
        elif workers > 1:
            from agentctl.learning.rollouts.processes import Process  # noqa: PLC0415 - most runs need none

            yield Process
        else:
            yield Local
