"""What speaks for a policy and against it now: tasks that are new to it, or sessions that it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.app import App
from agentctl.cli.render import print_note
from agentctl.cli.train.gathered import gathered
from agentctl.cli.train.needs import need
from agentctl.errors import AgentctlError, StorageError, UsageError

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.artifacts.artifact import Kept
    from agentctl.learning.comparison import Paired
    from agentctl.learning.incumbent import Incumbent


def incumbent(app: App) -> Incumbent | None:
    """What decides now; one that can't be read has to be beaten by nobody, and that is told."""
    pointer = app.policies.channels.current("production")
    if pointer is None:
        return None
    from agentctl.learning.incumbent import Incumbent  # noqa: PLC0415 - it needs numpy

    try:
        return Incumbent.of(app.policies.find(pointer.policy))
    except AgentctlError as error:
        print_note(f"the policy in production can't be compared with: {error}")
        return None


def by_sessions(app: App, candidate: Kept, deciding: Kept | None) -> Paired | None:
    """Compare a policy that learnt from sessions by those that it did not learn from, as far as there are any.

    Returns:
        None for a policy that learnt from something else, and where there are no such sessions.

    Raises:
        StorageError: the policy makes no sense, or a decision is not as it was written.
    """
    if "newest" not in candidate.manifest.get("source", {}):
        return None
    from agentctl.learning.artifacts.artifact import unpack  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.incumbent import Incumbent  # noqa: PLC0415
    from agentctl.learning.logged.comparing import compared  # noqa: PLC0415
    from agentctl.learning.logged.parting import Parting  # noqa: PLC0415
    from agentctl.learning.logged.pseudo import outcomes  # noqa: PLC0415
    from agentctl.learning.logged.worth import Worth  # noqa: PLC0415

    policy = Incumbent.of(unpack(candidate)).policy
    try:
        parting, worth = Parting.of(candidate.manifest), Worth.of(candidate.manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"can't use the policy {candidate.sha[:12]}: {error}", hint="train it again") from error
    found = gathered(app, policy.spec)
    held = parting.unseen(found.experience, found.first)
    if not len(held):
        return None
    usual = outcomes(held, worth.good(held), parting.seed).mean(axis=0)
    try:
        return compared(policy, held, usual, worth, _rival(deciding))
    except ValueError as error:
        raise UsageError(f"these sessions can't be judged by: {error}", hint="agentctl sessions verify") from error


def by_tasks(path: Path, models: Mapping[str, str], candidate: Kept, deciding: Kept | None) -> Paired:
    """Compare a policy by tasks that are new to it, at the costs and the cost weight that it was trained with.

    Args:
        path: the tasks.
        models: what the names of their actions stand for.
        candidate: the policy.
        deciding: what decides now.

    Raises:
        UsageError: the file is no tasks, or the policy learnt from these, or knows other actions.
    """
    from agentctl.learning.artifacts.artifact import unpack  # noqa: PLC0415 - it needs numpy
    from agentctl.learning.routing.comparing import Terms, compared, earned_by  # noqa: PLC0415
    from agentctl.learning.routing.costs import costs_of  # noqa: PLC0415
    from agentctl.learning.routing.evaluation import policy_of  # noqa: PLC0415
    from agentctl.learning.routing.reading import read  # noqa: PLC0415

    need("threadpoolctl")
    policy, table = policy_of(unpack(candidate)), read(path)
    if table.sha256 == candidate.manifest.get("data_sha256"):
        raise UsageError(
            f"the policy learnt from {path}, and does better on these tasks than it will on others",
            hint="give tasks that are new to it",
        )
    try:
        table = table.renamed(models).among(policy.actions)
    except ValueError as error:
        raise UsageError(
            f"{path}: the policy chooses among {', '.join(policy.actions)}, and these tasks have "
            f"{', '.join(table.actions)}",
            hint="--action NAME=MODEL,… says what a name in the tasks stands for",
        ) from error
    terms = Terms(
        costs_of(table, candidate.manifest["prices"]), float(candidate.manifest["hyperparameters"]["cost_weight"])
    )
    return compared(earned_by(policy, table, terms), table, terms, _rival(deciding))


def _rival(deciding: Kept | None) -> Incumbent | None:
    from agentctl.learning.artifacts.artifact import unpack  # noqa: PLC0415 - see above
    from agentctl.learning.incumbent import Incumbent  # noqa: PLC0415

    return None if deciding is None else Incumbent.of(unpack(deciding))
