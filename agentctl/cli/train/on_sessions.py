"""`agentctl train run --from-sessions`: learns from what was chosen in sessions, and how the answers were rated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.render import plain, print_json_line, print_note, print_table, print_text
from agentctl.cli.train.needs import need
from agentctl.cli.train.wanted import Wanted
from agentctl.errors import AgentctlError, UsageError
from agentctl.store import decisions
from agentctl.usage import Usage

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.logged.comparing import Incumbent
    from agentctl.learning.logged.experience import Experience
    from agentctl.learning.logged.learning import Trained

_PAGE = 500
_FEWEST = 40  # rated decisions that a half can be kept of for the gate, and folds made of the other
_EXPLORE = "agentctl config set routing.explore 0.05, chat -m auto, and rate the answers: agentctl sessions rate"


def run(app: App, wanted: Wanted) -> None:
    """Learn from sessions, judge what was learnt, and keep the policy.

    Raises:
        ConfigError: a package is missing.
        UsageError: what is asked makes no sense, or there is not enough to learn from.
        StorageError: the database can't be read.
    """
    need("numpy", "threadpoolctl")
    _refuse(wanted)
    from agentctl.learning.logged.learning import Taught, train  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.routing.asking import recipe  # noqa: PLC0415
    from agentctl.training.features import DEFAULT  # noqa: PLC0415

    began = time.monotonic()
    made, sequential = recipe(wanted.seed, wanted.steps, wanted.parameters or {})
    if sequential:
        raise UsageError("a session has no second choice to learn from", hint="leave out mode=escalate, or use --tasks")
    experience = _experience(app)
    weight = app.settings.routing.cost_weight if wanted.cost_weight is None else wanted.cost_weight
    if weight is None:
        weight = _usual(experience)
    try:
        trained = train(Taught(experience, DEFAULT, made, weight, _incumbent(app)), lambda _: None)
    except ValueError as error:
        raise UsageError(f"these sessions can't be learnt from: {error}", hint=_EXPLORE) from error
    app.policies.add(trained.artifact)
    result = _result(trained, experience, weight, time.monotonic() - began)
    if wanted.as_json:
        print_json_line(result)
    else:
        _show(trained, experience, result)


def _refuse(wanted: Wanted) -> None:
    if given := [f"--{name}" for name in ("envs", "resume", "costs", "metrics", "plot") if getattr(wanted, name)]:
        raise UsageError(
            f"{' and '.join(given)} is not for --from-sessions: tokens are known, and prices those of today",
            hint="leave it out",
        )


def _experience(app: App) -> Experience:
    from agentctl.economy.pricing import price  # noqa: PLC0415
    from agentctl.learning.actions import parse  # noqa: PLC0415
    from agentctl.learning.logged.experience import gather  # noqa: PLC0415
    from agentctl.training.features import DEFAULT, decode  # noqa: PLC0415

    def dollars(name: str, usage: Usage) -> float | None:
        cost = price(usage, app.catalog.find(parse(name).model))
        return None if cost is None else float(cost)

    try:
        found = gather(_rows(app), DEFAULT.sha, lambda text: decode(text, DEFAULT.dims), dollars)
    except ValueError as error:
        raise UsageError(f"a decision can't be learnt from: {error}", hint="agentctl sessions verify") from error
    left = ", ".join(f"{count:,} {why}" for why, count in found.left_out.items())
    told = f" ({left} left out)" if left else ""
    if found.left_out.get("made with other features") and not len(found):
        raise UsageError(f"the sessions were recorded with other features than this version makes{told}", hint=_EXPLORE)
    if len(found) < _FEWEST:
        raise UsageError(
            f"there are {len(found)} rated decisions{told}, and {_FEWEST} is the least to learn from", hint=_EXPLORE
        )
    if (found.propensities == 1).all() or len(set(found.chosen.tolist())) == 1:
        raise UsageError("no other model was ever tried: what it would have answered nobody can tell", hint=_EXPLORE)
    return found


def _rows(app: App) -> Iterator[decisions.Row]:
    after = ""
    while page := app.database.read(partial(decisions.rows, after=after, limit=_PAGE)):
        yield from page
        after = page[-1].decision.id


def _incumbent(app: App) -> Incumbent | None:
    """What decides now; one that can't be read, or is none for sessions, has to be beaten by nobody."""
    pointer = app.policies.channels.current("production")
    if pointer is None:
        return None
    from agentctl.learning.logged.comparing import Incumbent  # noqa: PLC0415
    from agentctl.training.policy import RoutingPolicy  # noqa: PLC0415

    try:
        artifact = app.policies.find(pointer.policy)
        return Incumbent(pointer.policy, RoutingPolicy.of(dict(artifact.manifest), dict(artifact.arrays)))
    except (AgentctlError, ValueError, TypeError, KeyError) as error:
        print_note(f"the policy in production can't be compared with: {error}")
        return None


def _usual(experience: Experience) -> float:
    """The cost weight at which the cheapest and the dearest action are worth the same, where the choice is hardest."""
    from agentctl.learning.logged.pseudo import outcomes  # noqa: PLC0415
    from agentctl.learning.routing.costs import usual_weight  # noqa: PLC0415

    return usual_weight(outcomes(experience, 0), experience.expected.mean(axis=0))


def _result(trained: Trained, experience: Experience, weight: float, seconds: float) -> dict[str, Any]:
    manifest = trained.artifact.manifest
    return {
        "policy": trained.artifact.sha,
        "selected": trained.policy.selected,
        "learners": trained.learners,
        "gate": trained.report.as_json(),
        "wall_s": round(seconds, 3),
        "param_sha256": manifest["param_sha256"],
        "seed": manifest["seed"],
        "decisions": len(experience),
        "learnt": trained.learnt,
        "left_out": dict(experience.left_out),
        "actions": list(experience.actions),
        "cost_weight": weight,
    }


def _show(trained: Trained, experience: Experience, result: dict[str, Any]) -> None:
    short = trained.artifact.sha[:12]
    print_text(
        f"policy {short}: {trained.policy.selected} chooses, at a cost weight of {result['cost_weight']:.4g}; "
        f"{len(experience):,} rated decisions among {', '.join(map(plain, experience.actions))}"
    )
    rows = [(name, *(f"{one[column] or 0:.4f}" for column in _COLUMNS)) for name, one in trained.learners.items()]
    print_table(("learner", *_COLUMNS), rows)
    for why, count in experience.left_out.items():
        print_note(f"left out: {count:,} {why}")
    print_note(trained.report.reason)
    if trained.report.promotes:
        print_note(f"agentctl train promote {short} lets it decide")


_COLUMNS = ("reward", "success", "cost")
