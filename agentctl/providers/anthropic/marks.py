"""Breakpoints of the prompt cache, on the blocks of a request. Pure.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching: up to 4, in tools, system and messages;
not on thoughts, and not on blank text, which has no block here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentctl.breakpoints import TOOLS, CachePlan, Ttl
from agentctl.messages import Message
from agentctl.providers.places import carried

Json = dict[str, Any]

THOUGHTS = frozenset({"thinking", "redacted_thinking"})


def mark(
    plan: CachePlan | None, messages: Sequence[Message], said: Sequence[list[Json]], tools: list[Json]
) -> tuple[list[list[Json]], list[Json]]:
    """Return the blocks of each message and the tools, those marked that the plan names.

    Args:
        plan: where breakpoints are wanted.
        messages: of the request.
        said: the blocks of each.
        tools: as they are sent.
    """
    able = [any(block["type"] not in THOUGHTS for block in content) for content in said]
    order = sorted(range(len(messages)), key=lambda number: messages[number].role != "system")
    places = carried(plan, able, order)
    if TOOLS in places and tools:
        tools = [*tools[:-1], tools[-1] | control(places[TOOLS])]
    return [_ended(one, places[at]) if at in places else one for at, one in enumerate(said)], tools


def control(ttl: Ttl) -> Json:
    """The mark itself, which says an hour or nothing: then it means 5 minutes."""
    return {"cache_control": {"type": "ephemeral", **({"ttl": ttl} if ttl == "1h" else {})}}


def _ended(content: list[Json], ttl: Ttl) -> list[Json]:
    last = max(number for number, block in enumerate(content) if block["type"] not in THOUGHTS)
    return [*content[:last], content[last] | control(ttl), *content[last + 1 :]]
