"""The places of a cache plan, carried to where a provider can have them. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from agentctl.breakpoints import TOOLS, CachePlan, Ttl
from agentctl.messages import Attachment, Message, Text, ToolResult


def moved(plan: CachePlan, kept: Sequence[int]) -> CachePlan:
    """Return the plan for a request that has only some of the messages: a place moves back to what is still there.

    Args:
        plan: for all messages.
        kept: the indexes that the remaining ones had, in order.
    """
    places = {bisect_right(kept, one.after) - 1: one for one in reversed(plan.breakpoints)}
    breakpoints = tuple(replace(one, after=after) for after, one in sorted(places.items()))
    return replace(plan, breakpoints=breakpoints, covered=bisect_left(kept, plan.covered))


def carried(plan: CachePlan | None, able: Sequence[bool], order: Sequence[int] | None = None) -> dict[int, Ttl]:
    """Return the messages that a breakpoint stands at the end of, and `TOOLS` if one stands there.

    One whose message can't carry it moves to the nearest before that can. Of two that meet, the first lives longer.

    Args:
        plan: where they are wanted; None for nowhere.
        able: whether each message can carry one.
        order: the indexes of the messages as the provider reads them, if that is not as they stand.
    """
    order = range(len(able)) if order is None else order
    places: dict[int, Ttl] = {}
    for one in plan.breakpoints if plan else ():
        before = order[: order.index(one.after) + 1] if one.after in order else ()
        places.setdefault(next((number for number in reversed(before) if able[number]), TOOLS), one.ttl)
    return places


def speaks(message: Message) -> bool:
    """Whether a message ends in something of the user's, the system's or a tool's, which can carry a mark."""
    wanted = {"assistant": (), "tool": (ToolResult,)}.get(message.role, (Text, Attachment))
    last = next((part for part in reversed(message.parts) if isinstance(part, wanted)), None)
    match last:
        case None:
            return False
        case Text(text) | ToolResult(content=text):
            return bool(text.strip())
    return True
