"""`agentctl train run --from-sessions`: learns from what was chosen in sessions, and how the answers were rated.

What counts is success less cost, and where that is asked for less time and errors: `--set latency_weight=0.01` takes a
hundredth of success for each second, `--set tool_error=0.1` a tenth for each call of a tool that failed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.render import plain, print_json_line, print_note, print_table, print_text
from agentctl.cli.train.evidence import incumbent
from agentctl.cli.train.gathered import gathered
from agentctl.cli.train.measured import Measured
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import Wanted
from agentctl.errors import UsageError

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.logged.experience import Experience
    from agentctl.learning.logged.learning import Trained
    from agentctl.learning.logged.worth import Worth

_COLUMNS = ("reward", "success", "cost")
_FIGURES = {"value": 4, "low": 4, "high": 4, "effective_sample_size": 1, "support": 4}  # and their decimal places
_NOT_HERE = {"envs": "--envs", "resume": "--resume", "costs": "--cost"}


def run(app: App, wanted: Wanted) -> None:
    """Learn from sessions, judge what was learnt, and keep the policy.

    Raises:
        ConfigError: a package is missing.
        UsageError: what is asked makes no sense, or there is not enough to learn from.
        StorageError: the database can't be read, a decision in it is damaged, or something can't be written.
    """
    need("numpy", "threadpoolctl")
    _refuse(wanted)
    from agentctl.learning.logged.learning import Taught, train  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.logged.sufficing import sufficing  # noqa: PLC0415
    from agentctl.learning.logged.worth import parted  # noqa: PLC0415
    from agentctl.learning.routing.asking import recipe  # noqa: PLC0415
    from agentctl.training.features import DEFAULT  # noqa: PLC0415

    began = time.monotonic()
    measured = Measured(wanted)
    besides, parameters = parted(wanted.parameters or {})
    made, sequential = recipe(wanted.seed, wanted.steps, parameters)
    if sequential:
        raise UsageError("a session has no second choice to learn from", hint="leave out mode=escalate, or use --tasks")
    experience = sufficing(gathered(app, DEFAULT).experience)
    worth = _worth(app, wanted, experience, besides)
    try:
        trained = train(Taught(experience, DEFAULT, made, worth, incumbent(app)), measured)
    except ValueError as error:
        raise UsageError(
            f"these sessions can't be learnt from: {error}", hint="rate more answers: agentctl sessions rate"
        ) from error
    app.policies.add(trained.artifact)
    measured.finish("sessions")
    result = _result(trained, experience, worth, time.monotonic() - began)
    if wanted.as_json:
        print_json_line(result)
    else:
        _show(trained, experience, result)


def _refuse(wanted: Wanted) -> None:
    """Refuse or tell of what makes no sense here."""
    if given := [option for name, option in _NOT_HERE.items() if getattr(wanted, name) is not None]:
        raise UsageError(
            f"{' and '.join(given)} is not for --from-sessions: tokens are known, and prices those of today",
            hint="leave it out",
        )
    if wanted.workers > 1 or wanted.ray is not None:
        print_note("sessions are learnt from in one process, and nothing is left for --workers and --ray to do")


def _worth(app: App, wanted: Wanted, experience: Experience, besides: dict[str, float]) -> Worth:
    """What counts: as asked for, as set, or else so that the choice between cheap and dear is hardest."""
    from agentctl.learning.logged.pseudo import outcomes  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.logged.worth import Worth  # noqa: PLC0415
    from agentctl.learning.routing.costs import usual_weight  # noqa: PLC0415

    weight = app.settings.routing.cost_weight if wanted.cost_weight is None else wanted.cost_weight
    if weight is None:
        success = outcomes(experience, Worth(0.0, **besides).good(experience), 0)
        weight = usual_weight(success, experience.expected.mean(axis=0))
    return Worth(weight, **besides)


def _result(trained: Trained, experience: Experience, worth: Worth, seconds: float) -> dict[str, Any]:
    manifest = trained.artifact.manifest
    return {
        "policy": trained.artifact.sha,
        "selected": trained.policy.selected,
        "learners": trained.learners,
        "estimates": trained.estimates,
        "gate": trained.report.as_json(),
        "wall_s": round(seconds, 3),
        "param_sha256": manifest["param_sha256"],
        "seed": manifest["seed"],
        "decisions": len(experience),
        "learnt": trained.learnt,
        "left_out": dict(experience.left_out),
        "actions": list(experience.actions),
        "prices": dict(manifest["prices"]),
        **worth.as_json(),
    }


def _show(trained: Trained, experience: Experience, result: dict[str, Any]) -> None:
    short = trained.artifact.sha[:12]
    print_text(
        f"policy {short}: {trained.policy.selected} chooses, at a cost weight of {result['cost_weight']:.4g}; "
        f"{len(experience):,} rated decisions among {', '.join(map(plain, experience.actions))}"
    )
    rows = [(name, *(f"{one[column] or 0:.4f}" for column in _COLUMNS)) for name, one in trained.learners.items()]
    print_table(("learner", *_COLUMNS), rows)
    rows = [
        (name.upper(), *(f"{one[figure]:.{digits}f}" for figure, digits in _FIGURES.items()))
        for name, one in trained.estimates.items()
    ]
    print_table(("reward by", *(figure.replace("_", " ") for figure in _FIGURES)), rows)
    for why, count in experience.left_out.items():
        print_note(f"left out: {count:,} {why}")
    print_note(trained.report.reason)
    if trained.report.promotes:
        print_note(f"agentctl train promote {short} lets it decide")
