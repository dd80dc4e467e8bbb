"""`agentctl train eval`: measure a policy."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json_line, print_text
from agentctl.cli.train.given import Policy
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import named, numbers
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError

app = new_app()

_EPISODES = 100


@app.command("eval")
def evaluate(
    policy: Policy,
    *,
    env: Annotated[
        str | None, typer.Option("--env", metavar="ID", help="An environment; the one it was trained on if not given.")
    ] = None,
    tasks: Annotated[
        Path | None, typer.Option("--tasks", metavar="FILE", help="Tasks: JSON lines, may be gzipped.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option(help=f"Fresh episodes, {_EPISODES} if not given.", min=1, max=1_000_000)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of these episodes; 0 if not given.", min=0)] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.jsonl", help="Write {id, score} for each task: how much it is worth the dearest action."
        ),
    ] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=X,…", help="With --tasks: what an action costs, relative or dollars a call."),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL", help="With --tasks: the model that a name in the tasks stands for."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a policy: on an environment always by its likeliest action, on tasks beside other learners."""
    wired = wire()
    if env is not None and tasks is not None:
        raise UsageError("a policy is measured on one thing: --env or --tasks", hint="leave one of them out")
    if tasks is None:
        if scores is not None or cost or action:
            raise UsageError(
                "--scores, --cost and --action are for --tasks", hint="agentctl train eval POLICY --tasks FILE"
            )
        _on_env(wired, policy, env, episodes or _EPISODES, seed or 0, as_json=as_json)
        return
    if episodes is not None or seed is not None:
        raise UsageError("--episodes and --seed are for --env", hint="agentctl train eval POLICY --env ID")
    if scores is not None:
        _check(scores, tasks)
    from agentctl.cli.train import on_tasks  # noqa: PLC0415 - environments need none of it

    asked = on_tasks.Measuring(tasks, scores, numbers(cost or [], "--cost"), named(action or []))
    on_tasks.evaluate(wired, policy, asked, as_json=as_json)


def _check(scores: Path, tasks: Path) -> None:
    """Refuse to write scores over the tasks, or where there is no directory."""
    if scores.exists() and tasks.exists() and scores.samefile(tasks):
        raise UsageError(f"--scores is the file of the tasks, {tasks}", hint="name another file")
    if not scores.absolute().parent.is_dir():
        raise UsageError(
            f"there is no directory {scores.absolute().parent}", hint="make it first, or name another file"
        )


def _on_env(app: App, reference: str, environment: str | None, episodes: int, seed: int, *, as_json: bool) -> None:
    need("numpy", "gymnasium", "threadpoolctl")
    policy = app.policies.find(reference)
    from agentctl.learning.environments.policy import evaluate  # noqa: PLC0415 - it needs numpy

    name = environment or str(policy.manifest.get("source", {}).get("environment", ""))
    with redirect_stdout(sys.stderr):  # an environment that talks is no result
        evaluation = evaluate(policy, environment, episodes, seed)
    document: dict[str, Any] = {"policy": policy.sha, "env": name, "seed": seed, **asdict(evaluation)}
    if as_json:
        print_json_line(document)
        return
    print_text(
        f"{name}: mean return {evaluation.mean_return:.2f} ± {evaluation.std:.2f} over {episodes} episodes, "
        f"from {evaluation.least:g} to {evaluation.most:g}"
    )
    if evaluation.unfinished:
        print_text(f"{evaluation.unfinished} of them came to no end and were cut short")
