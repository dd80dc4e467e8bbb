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
            "call_id": {"type": "string", "description": "The id that the cut result names."},
            "offset": {"type": "integer", "minimum": 0, "description": "The character to begin at, from 0."},
        },
        "required": ["call_id", "offset"],
        "additionalProperties": False,
    },
)


def page(call_id: str, content: str, offset: int, limit: int) -> str:
    """Return at most `limit` characters of a result from `offset` on, with a word on how to get at the rest."""
    shown = content[offset : offset + limit]
    end = offset + len(shown)
    if end == len(content):
        return shown
    end = offset + (_line_end(shown) or len(shown))
    rest = f"characters {offset} to {end} of {len(content)}; go on with {NAME}(call_id={call_id!r}, offset={end})"
    return f"{content[offset:end]}\n[{rest}]"


class ReadResult:
    """The tool that reads on. `find` returns all that a call brought, `limit` is the length of a page in characters."""

    spec = _SPEC
    timeout = None

    def __init__(self, find: Find, limit: int) -> None:
        self._find = find
        self._limit = limit

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """Return the page to be read."""
        call_id, offset = arguments.get("call_id"), arguments.get("offset", 0)
        if not isinstance(call_id, str) or not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
            raise ToolError("call_id is a text and offset a number of characters, 0 or more", reason="invalid")

        async def run() -> Outcome:
            content = await self._find(call_id)
            if content is None:
                raise ToolError(f"there is no result of a call {call_id!r}", reason="invalid")
            if offset >= len(content):
                raise ToolError(f"that result has {len(content)} characters", reason="invalid")
            return Outcome(page(call_id, content, offset, self._limit))

        return Plan(f"{NAME} {call_id} from {offset}", call_id, "none", run)


def _line_end(text: str) -> int:
    """Where the last line of the page ends, if that does not make it much shorter; else 0."""
    end = text.rfind("\n") + 1
    return end if end > len(text) * 3 // 4 else 0
