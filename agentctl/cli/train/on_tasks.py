"""`agentctl train run --tasks` and `agentctl train eval --tasks`: what was asked, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.render import plain, print_json_line, print_note, print_table, print_text
from agentctl.cli.train.evidence import incumbent
from agentctl.cli.train.measured import Measured, write
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import Wanted, enough
from agentctl.errors import UsageError

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
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
    measured = Measured(wanted)
    made, sequential = recipe(wanted.seed, wanted.steps, wanted.parameters or {})
    table, answers = _table(app, tasks, wanted)
    costs = costs_of(table, wanted.costs)
    weight = usual_weight(table.success, costs) if wanted.cost_weight is None else wanted.cost_weight
    table = _named(app, table, wanted.actions or {})
    asked = Asked(costs, weight, sequential, made, relative=bool(wanted.costs), incumbent=incumbent(app))
    trained = train(table, asked, measured)
    app.policies.add(trained.artifact)
    measured.finish("tasks")
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
    print_note(f"on {trained.report.rows:,} others: {trained.report.reason}")
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


def _named(app: App, table: Table, actions: Mapping[str, str]) -> Table:
    """The table with actions called by the models that they stand for, as a chat asks for them.

    Raises:
        UsageError: one is no model, or none of the table's.
    """
    from agentctl.learning.actions import parse  # noqa: PLC0415 - most tables need no other names

    try:
        return table.renamed({name: str(parse(text, app.full_name)) for name, text in actions.items()})
    except ValueError as error:
        raise UsageError(f"--action makes no sense: {error}", hint="--action NAME=PROVIDER/MODEL") from error


@dataclass(frozen=True, slots=True)
class Measuring:
    """What a policy is measured on: tasks, their costs, the models their actions stand for, and where scores go."""

    tasks: Path
    scores: Path | None
    costs: Mapping[str, float] | None
    actions: Mapping[str, str]


def evaluate(app: App, reference: str, asked: Measuring, *, as_json: bool) -> None:
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
    table = read(asked.tasks, None if asked.actions else policy.actions)
    if asked.actions:
        table = _among(_named(app, table, asked.actions), policy.actions)
    if artifact.manifest["data_sha256"] == table.sha256:
        print_note("the policy was trained on these tasks, and does better on them than it will on others")
    found = evaluation.evaluate(artifact, table, asked.costs)
    if asked.scores is not None:
        lines = zip(table.ids, found.scores.tolist(), strict=True)
        write(asked.scores, "".join(json.dumps({"id": one, "score": score}) + "\n" for one, score in lines))
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


def _among(table: Table, actions: tuple[str, ...]) -> Table:
    try:
        return table.among(actions)
    except ValueError as error:
        raise UsageError(
            f"the policy chooses among {', '.join(actions)}, and the tasks have {', '.join(table.actions)}",
            hint="--action NAME=MODEL says what a name in the tasks stands for",
        ) from error


def _refuse(wanted: Wanted) -> None:
    """Refuse or tell of what makes no sense here."""
    if given := [f"--{name}" for name in ("envs", "resume") if getattr(wanted, name) is not None]:
        raise UsageError(f"{' and '.join(given)} is for --env: tasks are learnt in one go", hint="leave it out")
    if wanted.workers > 1 or wanted.ray is not None:
        print_note("tasks are learnt in one process, and nothing is left for --workers and --ray to do")


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
        "gate": trained.report.as_json(),
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
