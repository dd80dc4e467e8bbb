"""`agentctl train run --env`: what was asked, who looks on, and what came of it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

from agentctl.app import App
from agentctl.cli.render import print_json_line, print_note, print_text
from agentctl.cli.train.live import TrainingLine
from agentctl.cli.train.measured import check_plot
from agentctl.cli.train.needs import need
from agentctl.cli.train.stopping import Stopped
from agentctl.cli.train.wanted import Wanted
from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.paths import state_dir

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.environments.running import Ran
    from agentctl.learning.rollouts.recipe import Recipe
    from agentctl.learning.runs import Run

_NOT_HERE = {"costs": "--cost", "cost_weight": "--cost-weight"}
_FIXED = {"seed": "--seed", "steps": "--steps", "envs": "--envs", "parameters": "--set"}


def run(app: App, environment: str | None, wanted: Wanted) -> None:
    """Train on an environment, or go on with a run that did.

    Raises:
        ConfigError: a package is missing.
        UsageError: what is asked makes no sense.
        AgentctlError: an environment failed, or learning diverged.
    """
    need("numpy", "gymnasium", "threadpoolctl")
    if given := [option for name, option in _NOT_HERE.items() if getattr(wanted, name) is not None]:
        raise UsageError(f"{' and '.join(given)} is for --tasks: an environment has rewards", hint="leave it out")
    check_plot(wanted.plot)
    from agentctl.learning.environments.running import Watch, train  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.rollouts.means import Means  # noqa: PLC0415

    run, recipe = _run(app, environment, wanted)
    means = Means(wanted.workers, wanted.ray)
    with run.held(), Stopped("this iteration") as stopped, TrainingLine(recipe.steps, quiet=wanted.quiet) as line:
        watch = Watch(line.show, line.tell, stopped)
        try:
            with redirect_stdout(sys.stderr):  # an environment that talks is no result
                ran = train(run, recipe, means, watch, wanted.metrics)
        except MemoryError as error:
            raise AgentctlError(
                f"there is too little memory: {error}", hint="fewer --envs, or a smaller --set hidden"
            ) from error
    if not ran.done:
        print_note(f"stopped after {ran.training.steps:,} steps; agentctl train run --resume {run.id} goes on")
        raise typer.Exit(stopped.code)
    _finish(app, run, ran, wanted)


def _run(app: App, environment: str | None, wanted: Wanted) -> tuple[Run, Recipe]:
    """The run that is asked for, new or old, and what it is made of."""
    from agentctl.learning.environments.running import KIND, recipe  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.runs import Runs  # noqa: PLC0415

    runs = Runs(state_dir(app.environ) / "runs")
    if wanted.resume is None:
        if environment is None:
            raise UsageError("there is no environment to learn", hint="agentctl train run --env CartPole-v1")
        made = recipe(environment, wanted.seed, wanted.steps, wanted.envs, dict(wanted.parameters or {}))
        return runs.begin({"kind": KIND, "recipe": made.as_json()}), made
    return _resumed(runs.find(wanted.resume), environment, wanted)


def _resumed(run: Run, environment: str | None, wanted: Wanted) -> tuple[Run, Recipe]:
    from agentctl.learning.environments.running import KIND  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.rollouts.recipe import Recipe  # noqa: PLC0415

    usual = Wanted()
    if given := [option for name, option in _FIXED.items() if getattr(wanted, name) != getattr(usual, name)]:
        hint = f"leave out {', '.join(given)}, or start a new run"
        raise UsageError("a run goes on as it began", hint=hint)
    asked = run.asked
    if asked.get("kind") != KIND:
        raise UsageError(f"the run {run.id} is none on an environment", hint="give what it learns from: --tasks FILE")
    try:
        recipe = Recipe.of(asked["recipe"])
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"can't read what the run {run.id} is made of: {error!r}", hint="start it anew") from error
    if environment not in (None, recipe.environment):
        raise UsageError(f"the run {run.id} is on {recipe.environment}", hint="leave out --env")
    return run, recipe


def _finish(app: App, run: Run, ran: Ran, wanted: Wanted) -> None:
    """Keep the policy, and tell what came of the run."""
    from agentctl.learning.environments.policy import artifact  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.runs.measured import read  # noqa: PLC0415

    policy = artifact(ran.training)
    app.policies.add(policy)
    result = _result(run, ran, policy.sha)
    if wanted.plot is not None:
        from agentctl.learning.plots import draw  # noqa: PLC0415 - matplotlib takes its time

        draw(read(run.metrics), wanted.plot, title=f"{result['env']}, seed {result['seed']}")
    if sys.stderr.isatty() and not wanted.quiet:
        from agentctl.cli.train.curve import curve  # noqa: PLC0415 - only people look at it

        returns = [one["mean_return"] for one in read(run.metrics) if one["mean_return"] is not None]
        print_note(curve(returns))
    if wanted.as_json:
        print_json_line(result)
    else:
        _show(result)


def _result(run: Run, ran: Ran, sha: str) -> dict[str, Any]:
    training = ran.training
    return {
        "policy": sha,
        "mean_return_100": training.book.mean_return,
        "steps": training.steps,
        "episodes": training.book.episodes,
        "wall_s": round(ran.seconds, 3),
        "param_sha256": training.learner.sha256,
        "seed": training.recipe.seed,
        "env": training.recipe.environment,
        "run": run.id,
        "iterations": training.iterations,
        "restored": training.restored,
    }


def _show(result: dict[str, Any]) -> None:
    mean = result["mean_return_100"]
    returned = "no episode ended" if mean is None else f"mean return {mean:.2f}"
    print_text(f"policy {result['policy'][:12]}: {returned} after {result['steps']:,} steps, {result['wall_s']:.1f} s")
    print_note(f"agentctl train eval {result['policy'][:12]} measures it")
