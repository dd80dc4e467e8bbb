"""What the commands that ask a model, or say what that would cost, are given alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError
from agentctl.settings import Settings, kinds

_LARGEST_SCHEMA = 1 << 20  # bytes


def warn_of_project(settings: Settings, notify: Callable[[str], None]) -> None:
    """Say which settings of a project that is not trusted do not count."""
    if settings.ignored:
        notify(f"ignored of this untrusted project: {', '.join(settings.ignored)}")
        notify("hint: agentctl config trust")


def read_dollars(text: str | None, option: str) -> Decimal | None:
    """Read a sum of dollars; None without one.

    Raises:
        UsageError: it is none, and what `option` takes.
    """
    if text is None:
        return None
    try:
        dollars: Decimal = kinds.BUDGET.parse(text.removeprefix("$"))
    except ValueError as error:
        raise UsageError(f"{option} is {text!r}", hint=f"it takes {error}") from error
    return dollars


def read_schema(path: Path | None) -> dict[str, Any] | None:
    """Read a file with a JSON Schema; None without one.

    Raises:
        UsageError: it can't be read, or has none.
    """
    if path is None:
        return None
    if path.exists() and not path.is_file():  # what is none may never end
        raise UsageError(f"the schema {path} is no file", hint="give a file with a JSON Schema")
    try:
        with path.open("rb") as file:
            schema = json.loads(file.read(_LARGEST_SCHEMA), parse_constant=_no_json)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"can't read the schema {path}: {error}", hint="give a file with a JSON Schema") from error
    if not isinstance(schema, dict):
        raise UsageError(f"the schema {path} is not a JSON object", hint="give a file with a JSON Schema")
    return schema


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
