"""What is found missing or damaged while sessions are exported: an export has what is left, and is never silent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from agentctl.store.base import Row

Tell = Callable[[str], None]
"""Takes a line for each thing that is missing or damaged."""


def unheard(_: str) -> None:
    """Tell nobody."""


def places(missing: range) -> str:
    """The places as people count them: `messages 3\N{EN DASH}5`."""
    first, last = missing.start + 1, missing.stop
    return f"message {first}" if first == last else f"messages {first}\N{EN DASH}{last}"


def record(row: Row, of: str, tell: Tell = unheard) -> Mapping[str, Any]:
    """Return what was imported along with the row of a session or message; nothing, and that is told, if damaged."""
    if not row["record"]:
        return {}
    try:
        found = json.loads(row["record"])
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    tell(f"{of}: what was imported beside it is damaged")
    return {}
