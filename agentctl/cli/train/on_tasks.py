"""`agentctl train run --tasks` and `agentctl train eval --tasks`: what was asked, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl import atomic
from agentctl.app import App
from agentctl.cli.render import plain, print_json_line, print_note, print_table, print_text
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import Wanted, enough
from agentctl.errors import StorageError, UsageError

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.routing.acting import Progress
    from agentctl.learning.routing.table import Table
    from agentctl.learning.routing.training import Trained

_FEWEST = 20  # tasks that a fifth can be held out of, and five folds made
_SMALL = 0.001  # dollars a call are hardly ever more
_COLUMNS = ("apgr", "cpt50", "cpt80", "reward", "cost", "success", "dear_share")


def run(app: App, tasks: Path, wanted: Wanted) -> None:
    """Learn from tasks with outcomes, and keep the policy.

    Raises:
        ConfigError: a package is missing.
        UsageError: what is asked makes no sense, or a line of the file is no task.
    """
    need("numpy", "threadpoolctl")
    _refuse(wanted)
    from agentctl.learning.routing.asking import recipe  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.routing.costs import costs_of, usual_weight  # noqa: PLC0415
    from agentctl.learning.routing.training import Asked, train  # noqa: PLC0415

    began = time.monotonic()
    made, sequential = recipe(wanted.seed, wanted.steps, wanted.parameters or {})
    table, answers = _table(app, tasks, wanted)
    costs = costs_of(table, wanted.costs)
    weight = usual_weight(table.success, costs) if wanted.cost_weight is None else wanted.cost_weight
    measured: list[dict[str, Any]] = []
    trained = train(table, Asked(costs, weight, sequential, made), lambda one: measured.append(_measured(one, wanted)))
    app.policies.add(trained.artifact)
    _write(wanted, measured)
    result = _result(trained, table, weight, sequential=sequential, seconds=time.monotonic() - began) | answers
    if wanted.as_json:
        print_json_line(result)
        return
    short = trained.artifact.sha[:12]
    print_text(
        f"policy {short}: {trained.selected} chooses, at a cost weight of {weight:.4g}; {result['wall_s']:.1f} s"
    )
    _show(trained.learners, trained.always)
    print_note(f"measured on {trained.validated:,} of the {len(table):,} tasks, before all were learnt from")
    print_note(f"agentctl train eval {short} --tasks FILE measures it on others")


def _table(app: App, path: Path, wanted: Wanted) -> tuple[Table, dict[str, Any]]:
    """The outcomes that are there, and what it took to get them, as JSON output has it."""
    if wanted.actions:
        from agentctl.cli.train.answers import answered  # noqa: PLC0415 - who has outcomes asks nobody

        return answered(app, path, wanted, _FEWEST)
    if live := wanted.live():
        raise UsageError(f"{' and '.join(live)} is for --action: nobody is asked", hint="--action NAME=PROVIDER/MODEL")
    from agentctl.learning.routing.reading import read  # noqa: PLC0415 - it needs numpy

    table = read(path)
    enough(path, len(table), _FEWEST)
    return table, {}


def evaluate(
    app: App, reference: str, tasks: Path, scores: Path | None, costs: Mapping[str, float] | None, *, as_json: bool
) -> None:
    """Measure every learner of a policy on tasks.

    Raises:
        ConfigError: a package is missing.
        UsageError: there is no such policy, or it is none for these tasks.
        StorageError: the scores can't be written.
    """
    need("numpy", "threadpoolctl")
    artifact = app.policies.find(reference)
    from agentctl.learning.routing import evaluation  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.routing.reading import read  # noqa: PLC0415

    policy = evaluation.policy_of(artifact)
    table = read(tasks, policy.actions)
    if artifact.manifest["data_sha256"] == table.sha256:
        print_note("the policy was trained on these tasks, and does better on them than it will on others")
    found = evaluation.evaluate(artifact, table, costs)
    if scores is not None:
        lines = zip(table.ids, found.scores.tolist(), strict=True)
        _replace(scores, "".join(json.dumps({"id": one, "score": score}) + "\n" for one, score in lines))
    if as_json:
        chosen = {name: found.learners[policy.selected][name] for name in _COLUMNS}
        print_json_line(
            {
                "policy": artifact.sha,
                "selected": policy.selected,
                **chosen,
                "learners": found.learners,
                "always": found.always,
                "tasks": len(table),
                "cost_weight": found.cost_weight,
                "cheapest": found.cheapest,
                "dearest": found.dearest,
            }
        )
        return
    print_text(
        f"policy {artifact.sha[:12]}: {policy.selected} chooses, at a cost weight of {found.cost_weight:.4g}; "
        f"{len(table):,} tasks"
    )
    _show(found.learners, found.always)
    if len(policy.actions) > 2:  # noqa: PLR2004 - two ends
        print_note(f"APGR and CPT are between {plain(found.cheapest)} and {plain(found.dearest)}")


def _refuse(wanted: Wanted) -> None:
    """Refuse or tell of what makes no sense here."""
    if given := [f"--{name}" for name in ("envs", "resume") if getattr(wanted, name) is not None]:
        raise UsageError(f"{' and '.join(given)} is for --env: tasks are learnt in one go", hint="leave it out")
    if wanted.workers > 1 or wanted.ray is not None:
        print_note("tasks are learnt in one process, and nothing is left for --workers and --ray to do")
    if wanted.plot is not None:
        need("matplotlib")


def _measured(progress: Progress, wanted: Wanted) -> dict[str, Any]:
    """What an update did, for metrics and the curve; a fifth of the way is told of, each time."""
    update = progress.update
    if not wanted.quiet and not wanted.as_json and progress.done * 5 % progress.of < 5:  # noqa: PLR2004
        print_note(
            f"ppo {progress.done}/{progress.of}: reward {progress.reward:.3f}, entropy {update.entropy:.3f}, "
            f"kl {update.kl:.2g}"
        )
    return {
        "steps": progress.steps,
        "mean_return": progress.reward,
        "kl": float(update.kl),
        "entropy": float(update.entropy),
        "policy_loss": float(update.policy_loss),
        "value_loss": float(update.value_loss),
        "clip_fraction": float(update.clip_fraction),
        "cost": progress.cost,
    }


def _write(wanted: Wanted, measured: list[dict[str, Any]]) -> None:
    """The metrics and the curve, where they were asked for."""
    if wanted.metrics is not None:
        _replace(wanted.metrics, "".join(json.dumps(one) + "\n" for one in measured))
    if wanted.plot is not None:
        from agentctl.learning.plots import draw  # noqa: PLC0415 - matplotlib takes its time

        draw(measured, wanted.plot, f"tasks, seed {wanted.seed}")


def _replace(path: Path, text: str) -> None:
    try:
        atomic.replace(path, text.encode(), mode=0o644)
    except OSError as error:
        raise StorageError(f"can't write {path}: {error.strerror}", hint="name a file that can be written") from error


def _result(trained: Trained, table: Table, weight: float, *, sequential: bool, seconds: float) -> dict[str, Any]:
    manifest = trained.artifact.manifest
    return {
        "policy": trained.artifact.sha,
        "selected": trained.selected,
        "apgr": trained.learners[trained.selected]["apgr"],
        "learners": trained.learners,
        "always": trained.always,
        "wall_s": round(seconds, 3),
        "param_sha256": manifest["param_sha256"],
        "seed": manifest["seed"],
        "tasks": len(table),
        "validated": trained.validated,
        "actions": list(table.actions),
        "prices": manifest["prices"],
        "cost_weight": weight,
        "mode": "escalate" if sequential else "direct",
    }


def _show(learners: Mapping[str, Mapping[str, float | None]], always: Mapping[str, Mapping[str, float]]) -> None:
    rows = [(name, *(_cell(one.get(column)) for column in _COLUMNS)) for name, one in learners.items()]
    rows += [
        (f"always {plain(name)}", *(_cell(one.get(column)) for column in _COLUMNS)) for name, one in always.items()
    ]
    print_table(("learner", *(column.replace("_", " ") for column in _COLUMNS)), rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2g}" if 0 < abs(value) < _SMALL else f"{value:.4f}"
