"""What came as JSON and can go as JSON again: Python reads more than JSON has a form for. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agentctl.providers.surrogates import whole_characters

_DEPTH = 20  # levels of what is kept of an answer; providers use half a dozen
_DEEPEST = 200  # levels of the arguments of a tool; a body goes a few further, and Python to a thousand
_UNREADABLE = "INVALID_JSON"  # as Anthropic's documents advise for arguments that are no JSON


def is_writable(value: object, depth: int = _DEPTH) -> bool:
    """Whether the value can be written as JSON wherever it is put: no endless number, no NaN, nothing too deep.

    Args:
        value: what a parser of JSON made.
        depth: how many levels it may have.
    """
    if isinstance(value, float):
        return math.isfinite(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return depth > 0 and all(is_writable(one, depth - 1) for one in inner)


def arguments(text: str) -> dict[str, Any]:
    """Return the arguments of a call as an object; what the model wrote instead of one is shown to it as it is."""
    value = _read(text)
    if value is None:
        return {_UNREADABLE: whole_characters(text)}
    if "\\ud" in text.lower():  # an escape may be half a character
        return arguments(whole_characters(json.dumps(value, ensure_ascii=False)))
    return value


def arguments_text(text: str) -> str:
    """Return the arguments of a call as text that every server can parse, which is the text itself if it can be."""
    value = _read(text)
    if value is not None and "\\ud" not in text.lower():
        return text or "{}"
    return json.dumps(arguments(text), ensure_ascii=False)


def _read(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and is_writable(value, _DEEPEST) else None
