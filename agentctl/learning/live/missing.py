"""Tasks some of whose outcomes are missing: what is to be asked, and the table that comes of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from agentctl.errors import UsageError
from agentctl.learning.graders import Grade, Grader, Judges, parse
from agentctl.learning.live.answers import Answer
from agentctl.learning.live.collecting import Task
from agentctl.learning.routing.reading import lines, table
from agentctl.learning.routing.table import Table

_FORM = '{"id": "1", "prompt": "…", "grader": {"exact": "18"}} on each line; see agentctl train run --help'
_FEWEST = 2  # actions

Dollars = Callable[[str, Answer], float | None]
"""What an answer of the action of a name costs today; None if that is unknown."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Tasks as their file has them, the names of all actions, and what is to be asked; `sha256` is the file's."""

    lines: Sequence[dict[str, Any]]
    actions: tuple[str, ...]
    tasks: Sequence[Task]
    sha256: str

    def costless(self) -> list[str]:
        """The actions of which there is an outcome in every task, and in none what it cost."""
        asked = {name for task in self.tasks for name in task.missing}
        costs = {name for line in self.lines for name, one in line["outcomes"].items() if "cost" in one}
        return [name for name in self.actions if name not in asked | costs]

    def table(self, answers: Mapping[str, Mapping[str, Answer]], dollars: Dollars) -> Table:
        """The table of all outcomes, those of the file and the answers, of which none is missing.

        An action costs what its outcomes do on average, as far as that is known.
        """
        whole = [
            {**line, "outcomes": line["outcomes"] | _outcomes(answers.get(line["id"], {}), dollars)}
            for line in self.lines
        ]
        for name in self.actions:
            mine = [line["outcomes"][name] for line in whole]
            if known := [one["cost"] for one in mine if "cost" in one]:
                mean = fmean(known)
                for one in mine:
                    one.setdefault("cost", mean)
        return table(whole, self.actions, self.sha256)


def read(path: Path, named: Collection[str], judges: Judges) -> Missing:
    """Read tasks; what outcomes are there stay, and the others are to be those of the actions that are named.

    Raises:
        UsageError: the file can't be read, a line is no task, a grader is none, or there is nothing to choose.
        ConfigError: a grader needs a package that is missing.
    """
    graders: dict[str, Grader] = {}

    def check(task: dict[str, Any]) -> None:
        if "grader" in task:
            try:
                graders[task["id"]] = parse(task["grader"], judges)
            except UsageError as error:
                raise ValueError(f"{error.message}; {error.hint}") from error

    found, sha256 = lines(path, check, _FORM)
    actions = tuple(dict.fromkeys([*(name for line in found for name in line["outcomes"]), *named]))
    if len(actions) < _FEWEST:
        raise UsageError(
            f"{actions[0]!r} is the only action, and there is nothing to choose",
            hint="name another one: --action NAME=PROVIDER/MODEL",
        )
    tasks = [_task(line, actions, named, graders.get(line["id"])) for line in found]
    return Missing(found, actions, [one for one in tasks if one is not None], sha256)


def _task(
    line: Mapping[str, Any], actions: Sequence[str], named: Collection[str], grader: Grader | None
) -> Task | None:
    missing = [name for name in actions if name not in line["outcomes"]]
    if not missing:
        return None
    if unknown := [name for name in missing if name not in named]:
        raise UsageError(
            f"the task {line['id']!r} has no outcome of {unknown[0]!r}, and nobody knows who that is",
            hint=f"--action {unknown[0]}=PROVIDER/MODEL",
        )
    if grader is None:
        raise UsageError(f"the task {line['id']!r} has no outcome of {missing[0]!r}, and no grader", hint=_FORM)

    async def grade(prompt: str, answer: str) -> Grade:
        return await asyncio.to_thread(grader.grade, prompt, answer)

    return Task(line["id"], line["prompt"], missing, f"{grader.name}:{grader.version}", grade)


def _outcomes(answers: Mapping[str, Answer], dollars: Dollars) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, answer in answers.items():
        found[name] = {"success": answer.success, "response": answer.text}
        if (cost := dollars(name, answer)) is not None:
            found[name]["cost"] = cost
    return found
