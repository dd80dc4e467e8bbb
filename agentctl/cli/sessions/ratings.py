"""Ratings of many answers from a file, a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl.cli.sessions.rated import USER, VERSION, Said, find, read_rating, say
from agentctl.errors import UsageError
from agentctl.store.base import Transaction
from agentctl.store.outcomes import LONGEST_NAME, Outcome

_LONGEST = 1 << 20  # bytes of a line
_FIELDS = frozenset({"session", "message", "value", "rating", "grader", "version", "note"})
_HINT = (
    'a line is like {"session": "01…", "value": 0.5}, and may have message, grader, version and note; none was stored'
)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says, and of what; `number` counts from 1."""

    number: int
    session: str
    message: str | None
    said: Said


def read(path: Path) -> list[Line]:
    """Read a file.

    Raises:
        UsageError: it can't be read, or a line is no rating.
    """
    if path.exists() and not path.is_file():  # what is none may never end
        raise UsageError(f"{path} is no file", hint="give a file with a line of JSON for each rating")
    try:
        with path.open("rb") as file:
            found, number = [], 0
            while line := file.readline(_LONGEST + 1):
                number += 1
                if line.strip():
                    found.append(_line(number, line))
            return found
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}", hint="give a file with ratings") from error


def store(tx: Transaction, lines: Sequence[Line]) -> list[Outcome]:
    """Record all of them, or none.

    Raises:
        UsageError: there is no such answer.
    """
    return [_store(tx, line) for line in lines]


def _store(tx: Transaction, line: Line) -> Outcome:
    try:
        return say(tx, find(tx, line.session, line.message), line.said)
    except UsageError as error:
        raise _refused(line.number, error.message) from error


def _line(number: int, line: bytes) -> Line:
    if len(line) > _LONGEST:
        raise _refused(number, f"it has more than {_LONGEST:,} bytes")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _refused(number, "it is no JSON") from error
    if not isinstance(fields, dict):
        raise _refused(number, "it is no JSON object")
    if unknown := sorted(set(fields) - _FIELDS):
        raise _refused(number, f"it has {unknown[0][:40]!r}, which is not known")
    texts = {name: _text(number, fields, name) for name in ("session", "message", "grader", "version", "note")}
    if texts["session"] is None:
        raise _refused(number, "it names no session")
    said = Said(_value(number, fields), texts["grader"] or USER, texts["version"] or VERSION, texts["note"])
    return Line(number, texts["session"], texts["message"], said)


def _text(number: int, fields: dict[str, Any], name: str) -> str | None:
    text = fields.get(name)
    if text is not None and not isinstance(text, str):
        raise _refused(number, f"its {name} is no text")
    if (
        name in {"grader", "version"}
        and text is not None
        and not (0 < len(text) <= LONGEST_NAME and text.isprintable())
    ):
        raise _refused(number, f"its {name} has 1 to {LONGEST_NAME} printable characters")
    return text


def _value(number: int, fields: dict[str, Any]) -> float:
    if ("value" in fields) == ("rating" in fields):
        raise _refused(number, "it has either a value or a rating")
    value = fields.get("value", fields.get("rating"))
    if isinstance(value, str) and "rating" in fields:
        try:
            return read_rating(value)
        except UsageError as error:
            raise _refused(number, error.message) from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _refused(number, f"{str(value)[:40]} is no number from 0 to 1")
    return float(value)


def _refused(number: int, why: str) -> UsageError:
    return UsageError(f"line {number}: {why}", hint=_HINT)
