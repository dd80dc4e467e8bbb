"""What the user asks of a run on tasks, by the names of hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from agentctl.errors import UsageError
from agentctl.learning.environments.plans import plan
from agentctl.learning.routing.acting import DEFAULT, EPISODES, Practice, Recipe
from agentctl.training.hyperparameters import Hyperparameters

MODES = ("direct", "escalate")
"""One choice for each task; or the cheapest action may answer first, and then its answer is accepted or not."""


def recipe(seed: int, steps: int | None, given: Mapping[str, str]) -> tuple[Recipe, bool]:
    """How PPO is to learn, and whether it may look at a first answer (`mode=escalate`).

    Args:
        seed: of all chance.
        steps: tasks that PPO practises on; it practises on the same ones again and again.
        given: hyperparameters, `hidden` (32x32) and `mode`, by name.

    Raises:
        UsageError: a name is unknown, or a value makes no sense.
    """
    mode = given.get("mode", "direct")
    if mode not in MODES:
        raise UsageError(f"the mode is {mode!r}, and none of {' and '.join(MODES)}", hint="--set mode=escalate")
    if "horizon" in given:
        raise UsageError("horizon is for --env: a task is a choice or two", hint="leave it out")
    numbers = {name: text for name, text in given.items() if name != "mode"}
    planned = plan("", numbers)
    names = {field.name for field in fields(Hyperparameters)} & numbers.keys()
    hyperparameters = replace(DEFAULT, **{name: getattr(planned.hyperparameters, name) for name in names})
    practice = Practice()
    if "hidden" in numbers:
        practice = replace(practice, hidden=planned.hidden)
    if steps is not None:
        practice = replace(practice, updates=max(1, round(steps / EPISODES)), episodes=min(steps, EPISODES))
    return Recipe(hyperparameters, practice, seed), mode == "escalate"
