"""JSON Schemas of the arguments of built-in tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PATH_LENGTH = 4096


def schema(*, required: Sequence[str], **properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def string(description: str, *, longest: int | None = None, shortest: int = 0) -> Mapping[str, Any]:
    """A string of so many characters."""
    limits = {"minLength": shortest} if shortest else {}
    return {"type": "string", "description": description, **limits, **({"maxLength": longest} if longest else {})}


def integer(description: str, *, minimum: int, maximum: int | None = None) -> Mapping[str, Any]:
    """An integer of a range, ends included."""
    limits = {"minimum": minimum} if maximum is None else {"minimum": minimum, "maximum": maximum}
    return {"type": "integer", "description": description, **limits}


def boolean(description: str) -> Mapping[str, Any]:
    """True or false."""
    return {"type": "boolean", "description": description}


PATH = string("the path of a file, from the workspace on", longest=_PATH_LENGTH, shortest=1)
DIRECTORY = string("a directory, from the workspace on; by default the workspace", longest=_PATH_LENGTH, shortest=1)
