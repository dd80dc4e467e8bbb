"""Where a request is cut for a provider's prompt cache: what the planner decides and the codecs write. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ttl = Literal["5m", "1h"]

TOOLS = -1
"""The place of the tools, which stand before all messages."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """The end of a beginning that the provider is asked to keep.

    Args:
        after: the index of the message that it ends with, or `TOOLS`.
        ttl: how long it is kept after its last use.
        part: the index of the part of that message that it ends with; None for the last.
    """

    after: int
    ttl: Ttl = "5m"
    part: int | None = None


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What of a request is kept for the next one.

    Args:
        breakpoints: in the order of the request.
        implicit: whether the provider may also keep what it sees fit, as OpenAI does unasked.
        resource: the name that Gemini gave a cache that was made on purpose (`cachedContents/…`), which holds the tools
            and the messages before `covered`.
        covered: how many messages lie in that cache.
    """

    breakpoints: tuple[Breakpoint, ...] = ()
    implicit: bool = True
    resource: str | None = None
    covered: int = 0


NO_CACHE = CachePlan(implicit=False)
"""Nothing is to be kept, as far as the provider can be told so."""
