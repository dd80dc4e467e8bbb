"""What a gateway tells in an error about the provider behind it, and about its own limits. Pure.

Sources: https://openrouter.ai/docs/api-reference/errors, https://openrouter.ai/docs/api-reference/limits;
openrouter 1.3 components/apierrortype.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MODERATION = "content_policy_violation"

_FIELDS = ("error_type", "limit_source", "reason", "provider_code")
_DEEPEST = 4  # errors in errors


def codes(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The codes that the metadata of an error has."""
    found = {value for name in _FIELDS if isinstance(value := metadata.get(name), str)}
    return frozenset(found | {MODERATION} if metadata.get("reasons") or metadata.get("patterns") else found)


def words(metadata: Mapping[str, Any]) -> str:
    """Who is behind the gateway, what that one said, and what was flagged: `Anthropic: Overloaded`, or nothing."""
    name = metadata.get("provider_name")
    said = [_message(metadata.get("raw")), *_flagged(metadata)]
    return ": ".join(one for one in (name, "; ".join(filter(None, said))) if isinstance(one, str) and one)


def _flagged(metadata: Mapping[str, Any]) -> list[str]:
    """Why an input was refused; the input itself is known to the user, and may not be fit to be logged."""
    reasons = metadata.get("reasons") or metadata.get("patterns")
    found = [one for one in reasons if isinstance(one, str)] if isinstance(reasons, list) else []
    return [f"flagged for {', '.join(found)}"] if found else []


def _message(raw: object, depth: int = 0) -> str:
    """The words in an error of any provider: an object, JSON text, or plain text."""
    if isinstance(raw, str):
        try:
            inner = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        return _message(inner, depth) if isinstance(inner, Mapping) else raw
    if not isinstance(raw, Mapping) or depth == _DEEPEST:
        return ""
    found = (_message(raw.get(name), depth + 1) for name in ("error", "message", "detail"))
    return next(filter(None, found), "")
