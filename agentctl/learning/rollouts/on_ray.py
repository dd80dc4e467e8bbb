"""Workers that are Ray's actors, on this machine or on many. They only collect; what learns stays here."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray import exceptions

from agentctl.errors import AgentctlError, ConfigError, UsageError
from agentctl.learning.rollouts.pool import LostError, Start
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment
from agentctl.learning.rollouts.share import Share
from agentctl.training.blas import one_thread
from agentctl.training.envs import Place

LOCAL = "local"
_PATIENCE = 5.0  # seconds that a cluster may take to accept a connection
_HINT = "ray start --head starts one; --ray local needs none"


class _Share(Share):
    """A share that has an actor's process to itself."""

    def __init__(self, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
        self._limit = one_thread()
        self._limit.__enter__()
        super().__init__(recipe, numbers, places)


class Actor:
    """A worker that is an actor."""

    def __init__(self, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
        self._actor: Any = ray.remote(_Share).options(num_cpus=1, max_restarts=0).remote(recipe, numbers, places)
        self._coming: Any = None

    def order(self, order: Order) -> None:
        """Let it begin to collect."""
        self._coming = self._actor.collect.remote(order)

    def receive(self) -> Segment:
        """Wait for what it collected.

        Raises:
            LostError: it is gone.
            AgentctlError: an environment failed, or Ray itself did.
        """
        try:
            came: Segment = ray.get(self._coming)
        except exceptions.RayTaskError as error:
            cause = error.cause
            raise cause if isinstance(cause, AgentctlError) else AgentctlError(f"on Ray: {cause}") from error
        except exceptions.RayActorError as error:
            raise LostError(type(error).__name__) from error
        except exceptions.RayError as error:
            raise AgentctlError(f"Ray failed: {error}", hint="--resume latest goes on, also without --ray") from error
        return came

    def close(self) -> None:
        """End it."""
        ray.kill(self._actor)


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Start]:
    """Connect with the cluster at `address`, or have one of our own while this lasts: `local`.

    Raises:
        ConfigError: there is none.
        UsageError: it has fewer processors than there are to be workers.
    """
    if address != LOCAL:
        _knock(address)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of what it will do one day
    own = {"num_cpus": workers, "include_dashboard": False} if address == LOCAL else {"address": address}
    try:
        ray.init(**own, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except (exceptions.RayError, ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise ConfigError(f"there is no Ray cluster at {address}: {error}", hint=_HINT) from error
    try:
        processors = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]
        if processors < workers:
            hint = f"--workers {processors}" if processors else "add a machine to it"
            raise UsageError(f"the cluster has {processors} processors for {workers} workers", hint=hint)
        yield Actor
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Find out whether anybody listens: Ray itself would try for ten minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon and address != "auto":
        raise UsageError(f"{address!r} is no address of a Ray cluster", hint="--ray HOST:PORT, auto or local")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"there is no Ray cluster at {address}: {error}", hint=_HINT) from error
