"""Components that are commands: their `run` takes no arguments by its type, and finds them in its environment.

Source: https://github.com/WebAssembly/wasi-cli/tree/v0.2.0
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agentctl.errors import ToolError

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"arguments": {"type": "array", "items": {"type": "string"}}},
    "required": [],
    "additionalProperties": False,
}
"""The JSON Schema of what `run` can be called with."""

_RUN = re.compile(r"wasi:cli/run@0\.2\.[0-9]+#run")


def is_command(function: str) -> bool:
    """Whether the exported function is a command's."""
    return _RUN.fullmatch(function) is not None


def argv(arguments: Mapping[str, Any]) -> list[str]:
    """The command's name, which is always the same, and its arguments.

    Raises:
        ToolError: they are no strings that a command can take.
    """
    given = arguments.get("arguments", [])
    if set(arguments) - {"arguments"} or not isinstance(given, list):
        raise ToolError("a command takes an array of strings as `arguments`, and nothing else", reason="invalid")
    for i, each in enumerate(given):
        if not isinstance(each, str) or "\0" in each or not _sound(each):
            raise ToolError(f"arguments[{i}] must be a string without NUL", reason="invalid")
    return ["command", *given]


def _sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
