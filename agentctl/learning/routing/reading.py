"""Reads tasks with outcomes: JSON lines, perhaps gzipped."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agentctl.errors import UsageError
from agentctl.learning.routing.table import Table

LARGEST = 1 << 30
"""Bytes that a gzipped file of tasks may have."""

_GZIP = b"\x1f\x8b"
_FORM = '{"id": "1", "prompt": "…", "outcomes": {"weak": {"success": 0}, "strong": {"success": 1}}} on each line'
_FEWEST = 2  # actions
_DEAREST = 1e9  # dollars of one answer


def read(path: Path, actions: tuple[str, ...] | None = None) -> Table:
    """Read the tasks in a file.

    Args:
        path: JSON lines; gzipped where it begins like that, or is called so.
        actions: those of which an outcome must be there, and no other; those of the first task if not given.

    Raises:
        UsageError: the file can't be read, or a line is no task; it says which.
    """
    known = list(actions or ())

    def check(task: dict[str, Any]) -> None:
        if not task["outcomes"]:
            raise ValueError("it has no 'outcomes'")
        known[:] = known or _named(task)
        _compare(task, known)

    tasks, sha256 = lines(path, check, _FORM)
    return table(tasks, tuple(known), sha256)


def lines(path: Path, check: Callable[[dict[str, Any]], None], form: str) -> tuple[list[dict[str, Any]], str]:
    """The tasks in a file, each with an id of its own, a prompt, and outcomes, which may be none; and its hash.

    Args:
        path: JSON lines, perhaps gzipped.
        check: is given each task; raises a ValueError that says what is wrong with it.
        form: of a line that is a task, for who wrote another one.

    Raises:
        UsageError: the file can't be read, or a line is no task; it says which.
    """
    data = _content(path)
    ids: dict[str, int] = {}
    tasks: list[dict[str, Any]] = []
    for number, line in _lines(data):
        try:
            task = _task(line)
            check(task)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: {error}", hint=form) from error
        if task["id"] in ids:
            first = ids[task["id"]]
            raise UsageError(
                f"{path}, line {number}: the id {task['id']!r} is that of line {first} too",
                hint="give every task an id of its own",
            )
        ids[task["id"]] = number
        tasks.append(task)
    if not tasks:
        raise UsageError(f"{path}: there are no tasks in it", hint=form)
    return tasks, hashlib.sha256(data).hexdigest()


def _content(path: Path) -> bytes:
    """The file, inflated."""
    if path.exists() and not path.is_file():  # what is none may never end
        raise UsageError(f"{path} is no file", hint="--tasks takes a file of JSON lines")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}", hint="--tasks takes a file of JSON lines") from error
    if not data.startswith(_GZIP):
        if path.suffix == ".gz" and data:
            raise UsageError(f"{path} is called .gz and is not gzipped", hint="gzip it, or call it .jsonl")
        return data
    try:
        with gzip.open(io.BytesIO(data)) as file:
            inflated = file.read(LARGEST + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise UsageError(
            f"{path} is gzipped, and is damaged or breaks off: {error}", hint="copy it again, whole"
        ) from error
    if len(inflated) > LARGEST:
        raise UsageError(f"{path} is gzipped, and has more than {LARGEST:,} bytes", hint="give fewer tasks")
    return inflated


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that have something in them, with their numbers."""
    return ((number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip())


def _task(line: bytes) -> dict[str, Any]:
    try:
        task = json.loads(line)
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from error
    if not isinstance(task, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what a file has is a value
    for name in ("id", "prompt"):
        if not isinstance(task.get(name), str) or not task[name]:
            raise ValueError(f"it has no {name!r}")
    if not isinstance(task.setdefault("outcomes", {}), dict):
        raise ValueError("its outcomes are no JSON object")  # noqa: TRY004
    for action, outcome in task["outcomes"].items():
        _check(action, outcome)
    return task


def _check(action: str, outcome: Any) -> None:
    if not isinstance(outcome, dict):
        raise ValueError(f"the outcome of {action!r} is no JSON object")  # noqa: TRY004
    success, cost, response = outcome.get("success"), outcome.get("cost", 0), outcome.get("response", "")
    if not isinstance(success, int | float) or not 0 <= success <= 1:  # NaN is not, either
        raise ValueError(f"the success of {action!r} is {_short(success)}, and no number from 0 to 1")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost <= _DEAREST:
        raise ValueError(f"the cost of {action!r} is {_short(cost)}, and no number of dollars")
    if not isinstance(response, str):
        raise ValueError(f"the response of {action!r} is no text")  # noqa: TRY004


def _short(value: Any) -> str:
    """What a file says, as far as one wants to read it."""
    return repr(value)[:40]


def _named(task: Mapping[str, Any]) -> tuple[str, ...]:
    actions = tuple(task["outcomes"])
    if len(actions) < _FEWEST:
        raise ValueError("it has the outcome of one action only, and there is nothing to choose")
    return actions


def _compare(task: Mapping[str, Any], actions: Sequence[str]) -> None:
    for action in task["outcomes"]:
        if action not in actions:
            raise ValueError(f"{action!r} is none of the actions {', '.join(actions)}")
    for action in actions:
        if action not in task["outcomes"]:
            raise ValueError(f"the outcome of {action!r} is missing")


def table(tasks: Sequence[Mapping[str, Any]], actions: tuple[str, ...], sha256: str) -> Table:
    """The table of tasks that have the outcome of every action; `sha256` is of the file."""
    outcomes = [[task["outcomes"][action] for action in actions] for task in tasks]
    costs = None
    if all("cost" in one for row in outcomes for one in row):
        costs = np.array([[float(one["cost"]) for one in row] for row in outcomes]).mean(axis=0)
    return Table(
        [task["id"] for task in tasks],
        [task["prompt"] for task in tasks],
        actions,
        np.array([[float(one["success"]) for one in row] for row in outcomes]),
        [[one.get("response") for one in row] for row in outcomes],
        costs,
        sha256,
        _kinds(tasks),
    )


def _kinds(tasks: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """What each task is about: its `subject`, or else its `task`; None where one says neither."""
    found = [task.get("subject", task.get("task")) for task in tasks]
    return [str(one) for one in found] if all(isinstance(one, str) and one for one in found) else None
