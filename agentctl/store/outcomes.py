"""How good messages are, as graders say. All functions work inside a transaction.

An outcome is never changed: one that says otherwise is added, and of what a grader said of a message the newest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.errors import StorageError, UsageError
from agentctl.store.base import Transaction

LONGEST_NAME = 100
"""Characters of a grader's name, and of its version."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a grader of some version says of a message: from 0, which is a failure, to 1. `at` is in epoch µs.

    Raises:
        ValueError: the value is out of these bounds, or a name is empty, too long or not printable.
    """

    id: str
    session_id: str
    message_id: str
    grader: str
    version: str
    value: float
    note: str | None
    at: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ValueError(f"an outcome is from 0 to 1, not {self.value}")
        for name in (self.grader, self.version):
            if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
                raise ValueError(f"{name[:LONGEST_NAME]!r} is no name or version of a grader")


def add(tx: Transaction, outcome: Outcome) -> bool:
    """Record an outcome; one with an id that is there already is not recorded again.

    Returns:
        Whether it is new.

    Raises:
        UsageError: the session has no such message.
        StorageError: another outcome has this id.
    """
    if tx.execute("outcomes.add", **_row(outcome)):
        return True
    there = tx.one("outcomes.get", id=outcome.id)
    if there is None:
        raise UsageError(
            f"session {outcome.session_id} has no message {outcome.message_id}",
            hint=f"`agentctl sessions show {outcome.session_id} --json` has the ids of its messages",
        )
    if dict(there) != _row(outcome):
        raise StorageError(f"there is another outcome with the id {outcome.id}")
    return False


def latest(tx: Transaction, session_id: str) -> list[Outcome]:
    """Return the outcomes of a session that count: of each message the newest of each grader."""
    return [of_row(row) for row in tx.all("outcomes.latest", session_id=session_id)]


def of_row(row: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a row is."""
    return Outcome(**{name: row[name] for name in Outcome.__slots__})


def _row(outcome: Outcome) -> dict[str, Any]:
    row = {name: getattr(outcome, name) for name in Outcome.__slots__}
    return row | {"value": float(outcome.value) + 0.0}  # SQLite reads -0.0 as 0.0, PostgreSQL does not
