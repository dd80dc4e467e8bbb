"""A run from its beginning, or from where it was interrupted, to its end or to the next interruption."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agentctl.errors import StorageError, UsageError
from agentctl.learning.environments.plans import plan
from agentctl.learning.environments.training import Progress, Training
from agentctl.learning.figures import finite
from agentctl.learning.rollouts.means import Means
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.runs import Checkpoint, Run
from agentctl.learning.runs.measured import Measured, read
from agentctl.training.blas import one_thread
from agentctl.training.envs import probe
from agentctl.training.network import Shape

KIND = "environment"
_PAUSE = 30.0  # seconds of work that a crash may cost


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on.

    Args:
        progress: takes each iteration, and the seconds since the run began.
        tell: takes a line about something unusual.
        stopped: whether the run is to stop where it is.
    """

    progress: Callable[[Progress, float], None] = lambda _progress, _seconds: None
    tell: Callable[[str], None] = lambda _line: None
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended, or that was stopped where it is."""

    training: Training
    seconds: float

    @property
    def done(self) -> bool:
        """Whether it came to its end."""
        return self.training.horizon == 0


def recipe(environment: str, seed: int, steps: int | None, envs: int | None, given: dict[str, str]) -> Recipe:
    """What a run on an environment is made of; None leaves it to the environment's plan.

    Raises:
        UsageError: there is no such environment, none that can be learned, or too few steps for one of each.
        ConfigError: it needs a package that is missing.
    """
    chosen = plan(environment, given)
    codec = probe(environment)
    chosen = replace(chosen, steps=steps or chosen.steps, envs=envs or min(chosen.envs, steps or chosen.envs))
    if chosen.steps < chosen.envs:
        raise UsageError(f"{chosen.steps} steps are less than one of {chosen.envs} environments", hint="--envs 1")
    shape = Shape(codec.observation, codec.actions, chosen.hidden)
    return Recipe(environment, seed, chosen.steps, chosen.envs, chosen.horizon, shape, chosen.hyperparameters)


def train(run: Run, made: Recipe, means: Means, watch: Watch, metrics: Path | None = None) -> Ran:
    """Go on with a run that this process holds, from its checkpoint if it has one.

    Raises:
        AgentctlError: an environment failed, or learning diverged.
        StorageError: the checkpoint is damaged, or a file can't be written.
        ConfigError, UsageError: there is no such means to collect.
    """
    training, before = Training(made), 0.0
    if run.checkpoint.exists():
        before = _restore(training, run)
    paths = [run.metrics, metrics] if metrics else [run.metrics]
    places = training.book.places
    with (
        one_thread(),
        Measured(paths, read(run.metrics, training.iterations)) as measured,
        means.pool(made, places, watch.tell) as pool,
    ):
        began = time.monotonic() - before
        kept = time.monotonic()
        while training.horizon and not watch.stopped():
            progress = training.iterate(pool)
            seconds = time.monotonic() - began
            measured.write(_document(progress, seconds))
            watch.progress(progress, seconds)
            if progress.update.restored:
                watch.tell(f"iteration {progress.iterations} came to no finite numbers; its update was undone")
            if time.monotonic() - kept > _PAUSE:
                training.checkpoint(seconds).write(run.checkpoint)
                kept = time.monotonic()
        seconds = time.monotonic() - began
        training.checkpoint(seconds).write(run.checkpoint)
    return Ran(training, seconds)


def _restore(training: Training, run: Run) -> float:
    checkpoint = Checkpoint.read(run.checkpoint)
    try:
        training.restore(checkpoint)
    except (KeyError, ValueError, TypeError) as error:
        raise StorageError(f"can't go on from {run.checkpoint}: {error}", hint="start the run anew") from error
    return checkpoint.seconds


def _document(progress: Progress, seconds: float) -> dict[str, Any]:
    """What is measured of an iteration; what is no finite number is null."""
    return finite(
        {
            "iteration": progress.iterations,
            "steps": progress.steps,
            "episodes": progress.episodes,
            "mean_return": progress.mean_return,
            **asdict(progress.update),
            "wall_s": round(seconds, 3),
        }
    )
