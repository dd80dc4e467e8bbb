"""What the command line asks of a training run, whatever it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from agentctl.errors import UsageError

MOST_ENVS, MOST_WORKERS = 4096, 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks of a run; None leaves it to the source's own default.

    Args:
        costs: what an action costs, by its name: relative, or dollars a call.
        cost_weight: the success that a unit of cost is worth.
        parameters: hyperparameters by name, as they were typed.
        ray: the address of a Ray cluster, `local` for one of its own, None for none.
        resume: the run to go on with.
        actions: who answers what has no outcome, by name, as `MODEL[@EFFORT][+VARIANT]`.
        max_cost: dollars that the answers may cost; None for no limit.
        parallel: how many answers are asked for at once.
        replay: the file of the answers that were paid for.
        metrics, plot: where the metrics and the learning curve are written besides.
    """

    seed: int = 0
    steps: int | None = None
    envs: int | None = None
    workers: int = 1
    ray: str | None = None
    resume: str | None = None
    costs: Mapping[str, float] | None = None
    cost_weight: float | None = None
    parameters: Mapping[str, str] | None = None
    actions: Mapping[str, str] | None = None
    max_cost: Decimal | None = None
    parallel: int | None = None
    replay: Path | None = None
    metrics: Path | None = None
    plot: Path | None = None
    as_json: bool = False
    quiet: bool = False

    def live(self) -> list[str]:
        """The options that were given of those that are for asking models."""
        options = {"actions": "action", "max_cost": "max-cost", "parallel": "parallel", "replay": "replay"}
        return [f"--{option}" for name, option in options.items() if getattr(self, name) is not None]


def named(given: list[str]) -> dict[str, str]:
    """The actions `NAME=MODEL[@EFFORT][+VARIANT]`; one without a name has its own.

    Raises:
        UsageError: two have the same name, or one has none.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, action = (part.strip() for part in one.partition("="))
        if not name or (equals and not action):
            raise UsageError(f"--action takes NAME=PROVIDER/MODEL, and got {one!r}", hint="--action weak=openai/gpt-5")
        if name in found:
            raise UsageError(f"--action has {name!r} twice", hint="give every action a name of its own")
        found[name] = action or name
    return found


def enough(path: Path, count: int, least: int) -> None:
    """See that there are as many tasks as it takes.

    Raises:
        UsageError: there are not.
    """
    if count < least:
        raise UsageError(f"{path} has {count} tasks, and {least} is the least to learn from", hint="add tasks")


def pairs(given: list[str], option: str) -> dict[str, str]:
    """The pairs `NAME=VALUE[,NAME=VALUE…]` of an option.

    Raises:
        UsageError: one is none.
    """
    found: dict[str, str] = {}
    for one in (pair for words in given for pair in words.split(",")):
        name, equals, value = (part.strip() for part in one.partition("="))
        if not (name and equals and value):
            raise UsageError(f"{option} takes NAME=VALUE, and got {one!r}", hint=f"{option} weak=0.1,strong=1")
        found[name] = value
    return found


def numbers(given: list[str], option: str) -> dict[str, float]:
    """The pairs `NAME=NUMBER` of an option.

    Raises:
        UsageError: one is none.
    """
    try:
        return {name: float(value) for name, value in pairs(given, option).items()}
    except ValueError as error:
        raise UsageError(f"{option} takes numbers: {error}", hint=f"{option} weak=0.1,strong=1") from error
