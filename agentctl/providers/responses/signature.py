"""What of an item a later request needs, as the signature of the part that shows it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_DEPTH = 20  # levels of a reasoning item that are kept; it has four


def of_reasoning(item: Mapping[str, Any]) -> str | None:
    """Return the whole item, in its own order; None if it is nonsense, or a summary alone: both would be refused."""
    if not (item.get("encrypted_content") or item.get("content")) or not _is_shallow(item, _DEPTH):
        return None
    try:
        return json.dumps(item, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return None


def of_message(item: Mapping[str, Any]) -> str | None:
    """Return what the message is in its answer, a comment or the final word; None if the model does not tell."""
    phase = item.get("phase")
    return json.dumps({"phase": phase}, separators=(",", ":")) if phase and isinstance(phase, str) else None


def load(signature: str | None) -> dict[str, Any]:
    """Return what is in a signature; nothing if another API wrote it."""
    try:
        kept = json.loads(signature or "{}")
    except (ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _is_shallow(value: object, depth: int) -> bool:
    """Whether nothing in the value lies deeper than this, so that it can be written wherever it is put."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_shallow(one, depth - 1) for one in inner)
