"""What of an item a later request needs, as the signature of the part that shows it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentctl.providers.writable import is_writable


def of_reasoning(item: Mapping[str, Any]) -> str | None:
    """Return the whole item, in its own order; None if it is nonsense, or a summary alone: both would be refused."""
    if not (item.get("encrypted_content") or item.get("content")) or not is_writable(item):
        return None
    return json.dumps(item, separators=(",", ":"))


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
