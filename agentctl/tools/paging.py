"""Long results by pages: the model is told the beginning, and reads on with a tool where it wants more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.base import Outcome, Plan

NAME = "read_result"

Find = Callable[[str], Awaitable[str | None]]

_SPEC = ToolSpec(
    NAME,
    "Read on in the result of an earlier tool call that was too long to show as a whole.",
    {
        "type": "object",
        "properties": {
            "result": {"type": "string", "description": "The name that the cut result gives."},
            "offset": {"type": "integer", "minimum": 0, "description": "The character to begin at, from 0."},
        },
        "required": ["result", "offset"],
        "additionalProperties": False,
    },
)


def page(handle: str, content: str, offset: int, limit: int) -> str:
    """Return at most `limit` characters of a result from `offset` on, with a word on how to get at the rest."""
    shown = content[offset : offset + limit]
    end = offset + len(shown)
    if end == len(content):
        return shown
    end = offset + (_line_end(shown) or len(shown))
    rest = f"characters {offset} to {end} of {len(content)}; go on with {NAME}(result={handle!r}, offset={end})"
    return f"{content[offset:end]}\n[{rest}]"


class ReadResult:
    """The tool that reads on. `find` returns all that a call brought, `limit` is the length of a page in characters.

    Its own results are never cut: they are pages.
    """

    spec = _SPEC
    timeout = None

    def __init__(self, find: Find, limit: int) -> None:
        self._find = find
        self._limit = limit

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """Return the page to be read."""
        handle, offset = arguments.get("result"), arguments.get("offset", 0)
        if not isinstance(handle, str) or not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
            raise ToolError("result is a text and offset a number of characters, 0 or more", reason="invalid")

        async def run() -> Outcome:
            content = await self._find(handle)
            if content is None:
                raise ToolError(f"there is no result {handle!r}", reason="invalid")
            if offset >= len(content):
                raise ToolError(f"that result has {len(content)} characters", reason="invalid")
            return Outcome(page(handle, content, offset, self._limit))

        return Plan(f"{NAME} {handle} from {offset}", handle, "none", run)


def _line_end(text: str) -> int:
    """Where the last line of the page ends, if that does not make it much shorter; else 0."""
    end = text.rfind("\n") + 1
    return end if end > len(text) * 3 // 4 else 0
