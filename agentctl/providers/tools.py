"""A set of tools in one form, so that the same tools are the same bytes: a cache keeps nothing after a byte that moved.

Pure. Who finds tools finds them in any order, and so may the program that describes them find the words of its schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agentctl.messages import ToolSpec


def in_order(tools: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
    """Return the tools by name, with the keys of their schemas in order. Lists in a schema stay as they are."""
    named = sorted(tools, key=lambda tool: tool.name)
    return tuple(replace(tool, parameters=_sorted(tool.parameters)) for tool in named)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list | tuple) else value
