"""Where a request is cut for a provider's prompt cache: what the planner decides and the codecs write. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Ttl = Literal["5m", "30m", "1h", "12h", "24h"]

SECONDS: Mapping[Ttl, int] = {"5m": 300, "30m": 1_800, "1h": 3_600, "12h": 43_200, "24h": 86_400}
"""How long each lasts, after the last use."""

TOOLS = -1
"""The place of the tools, which stand before all messages."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """The end of a beginning that the provider is asked to keep.

    Args:
        after: the index of the message that it ends with, or `TOOLS`.
        ttl: how long it is kept after its last use.
    """

    after: int
    ttl: Ttl = "5m"


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What of a request is kept for the next one.

    Args:
        breakpoints: in the order of the request.
        implicit: whether the provider may also keep what it sees fit, as OpenAI does unasked.
        ttl: how long all of it is kept, where a request has one lifetime for all; None leaves that to the provider.
        resource: the name that Gemini gave a cache that was made on purpose (`cachedContents/…`).
        covered: how many messages lie in that cache, beside the tools and all system messages.
    """

    breakpoints: tuple[Breakpoint, ...] = ()
    implicit: bool = True
    ttl: Ttl | None = None
    resource: str | None = None
    covered: int = 0


NO_CACHE = CachePlan(implicit=False)
"""Nothing is to be kept, as far as the provider can be told so."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one API's prompt cache does, as data: the planner asks this, never a provider's name.

    Args:
        marks: the most breakpoints that a request may have; 0 if it takes none.
        implicit: whether it keeps what it sees fit unasked; beside breakpoints, that takes one of them.
        declines: whether it can be told to keep nothing.
        short: how long it keeps what it is asked for no longer; None if it keeps nothing.
        long: how long it can be asked to, for the price of a long write.
        wide: whether one lifetime holds for all that a request writes.
        renews: whether each use lengthens the life of what is kept.
        look_back: how many blocks before a breakpoint, itself included, are searched for an earlier one; None for all.
        least: the fewest tokens of a beginning that is kept, where the model's own minimum is not known.
        hoists: whether system messages stand before all others, wherever they are in the conversation.
        tools: whether a breakpoint can stand after the tools.
        answers: whether one can stand after what the model said.
        rents: whether a cache can be made on purpose, and is billed by the hour.
    """

    marks: int = 0
    implicit: bool = False
    declines: bool = False
    short: Ttl | None = None
    long: Ttl | None = None
    wide: bool = False
    renews: bool = True
    look_back: int | None = None
    least: int = 1024
    hoists: bool = False
    tools: bool = False
    answers: bool = False
    rents: bool = False
