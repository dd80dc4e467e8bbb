"""`agentctl train run`: train a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agentctl.cli.given import read_dollars
from agentctl.cli.group import new_app
from agentctl.cli.train.config import read
from agentctl.cli.train.wanted import MOST_ENVS, MOST_WORKERS, Wanted, named, numbers, pairs
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError

app = new_app()

_HINT = "agentctl train run --env CartPole-v1"


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(metavar="[TRAIN.TOML]", help="A file with these options by their names.")
    ] = None,
    *,
    env: Annotated[str | None, typer.Option("--env", metavar="ID", help="A gymnasium environment.")] = None,
    tasks: Annotated[
        Path | None, typer.Option("--tasks", metavar="FILE", help="Tasks: JSON lines, may be gzipped.")
    ] = None,
    from_sessions: Annotated[
        bool | None, typer.Option("--from-sessions", help="Learn from your sessions and how they were rated.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same parameters; 0 if not given.", min=0)] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps of experience; of --tasks those practised on.", min=1)
    ] = None,
    envs: Annotated[
        int | None, typer.Option(help="With --env: environments side by side.", min=1, max=MOST_ENVS)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="With --env: processes that collect experience.", min=1, max=MOST_WORKERS)
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS|local", help="With --env: collect on a Ray cluster, or on one started here."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN|latest", help="Go on with a run on an environment.")
    ] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=X,…", help="With --tasks: what an action costs, relative or dollars a call."),
    ] = None,
    cost_weight: Annotated[
        float | None, typer.Option(help="Success that a unit of cost is worth, or a dollar.", min=0)
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL", help="Let PROVIDER/MODEL[@EFFORT][+VARIANT] answer tasks without outcomes."),
    ] = None,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="Most that the answers may cost, one after the other.")
    ] = None,
    parallel: Annotated[int | None, typer.Option(help="Answers asked for at once; 4 if not given.", min=1)] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where answers are kept, to be paid for once only.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=X,…", help="Hyperparameters, like learning_rate=3e-4.")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is measured here too, as JSON lines.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the learning curve here.")] = None,
    as_json: Annotated[bool | None, typer.Option("--json", help="Print the result as JSON.")] = None,
    quiet: Annotated[bool | None, typer.Option("-q", "--quiet", help="Show no progress.")] = None,
) -> None:
    """Train a policy, and keep it. Ctrl-C stops a run on an environment; --resume goes on as if nothing had been."""
    wired = wire()
    flags: dict[str, Any] = {
        "env": env,
        "tasks": tasks,
        "from_sessions": from_sessions,
        "seed": seed,
        "steps": steps,
        "envs": envs,
        "workers": workers,
        "ray": ray,
        "resume": resume,
        "costs": numbers(cost, "--cost") if cost else None,
        "cost_weight": cost_weight,
        "actions": named(action) if action else None,
        "max_cost": read_dollars(max_cost, "--max-cost"),
        "parallel": parallel,
        "replay": replay,
        "parameters": pairs(set_, "--set") if set_ else None,
        "metrics": metrics,
        "plot": plot,
        "as_json": as_json,
        "quiet": quiet,
    }
    given = (read(config) if config else {}) | {name: value for name, value in flags.items() if value is not None}
    env, tasks, sessions = given.pop("env", None), given.pop("tasks", None), given.pop("from_sessions", False)
    wanted = Wanted(**given)
    sources = [name for name, one in (("--env", env), ("--tasks", tasks), ("--from-sessions", sessions)) if one]
    if not tasks and (live := wanted.live()):
        raise UsageError(f"{' and '.join(live)} is for --tasks", hint="--tasks FILE, or leave it out")
    if len(sources) > 1:
        raise UsageError(f"a run learns from one source, and not from {' and '.join(sources)}", hint=_HINT)
    if tasks:
        from agentctl.cli.train import on_tasks  # noqa: PLC0415 - each source has needs of its own

        on_tasks.run(wired, tasks, wanted)
    elif sessions:
        from agentctl.cli.train import on_sessions  # noqa: PLC0415

        on_sessions.run(wired, wanted)
    elif env or wanted.resume:
        from agentctl.cli.train import on_env  # noqa: PLC0415

        on_env.run(wired, env, wanted)
    else:
        raise UsageError("there is nothing to learn from: --env, --tasks or --from-sessions says what", hint=_HINT)
