"""Gemini's prompt caches: the one that it keeps of itself, and those that are made on purpose.

Source: https://ai.google.dev/gemini-api/docs/caching, /pricing. What it says, and is done here:

- Beginnings are kept unasked from 2048 tokens on (4096 for Gemini 3), for a few minutes (here 5). Writing costs no more
  than reading for the first time.
- A cache that is made on purpose has at least as many tokens. What goes in costs its input, and keeping it a price for
  a million tokens and an hour until it is deleted or expires, which no use of it puts off. One that is gone is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from support.caches.pieces import Clock, Entries, Piece, Spent, beginnings
from support.vendors.checks import RefusedError

_LIFE = 300.0


@dataclass(slots=True)
class Content:
    """A cache that was made on purpose."""

    model: str
    tokens: int
    made: float
    until: float
    pieces: tuple[Piece, ...] = ()


@dataclass
class GeminiCache:
    """The caches of one project.

    Args:
        clock: when it is.
        least: the fewest tokens.
        forgets: whether nothing is kept unasked, which is not promised.
    """

    clock: Clock
    least: int = 2048
    forgets: bool = False
    contents: dict[str, Content] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._entries = Entries(self.clock)

    def serve(self, model: str, pieces: Sequence[Piece], resource: str | None = None) -> Spent:
        """Take a request, which may begin with a cache that was made on purpose.

        Raises:
            RefusedError: there is no such cache.
        """
        total = sum(piece.size for piece in pieces)
        if resource is not None:
            held = self._find(resource, model)
            return Spent(total, held.tokens)
        names, sizes = beginnings(model, pieces)
        hit = max((place for place, name in enumerate(names) if self._entries.has(name)), default=-1)
        for place, name in enumerate(names):
            if sizes[place] >= self.least and not self.forgets:
                self._entries.keep(name, _LIFE)
        read = sizes[hit] if hit >= 0 else 0
        return Spent(total - read, read)

    def create(self, model: str, pieces: Sequence[Piece], seconds: float) -> tuple[str, Spent]:
        """Make a cache, and return its name and what goes in.

        Raises:
            RefusedError: it is too small.
        """
        tokens = sum(piece.size for piece in pieces)
        if tokens < self.least:
            words = f"Cached content is too small. total_token_count={tokens}, min_total_token_count={self.least}"
            raise RefusedError(words)
        name = f"cachedContents/c{len(self.contents)}"
        self.contents[name] = Content(model, tokens, self.clock.now, self.clock.now + seconds, tuple(pieces))
        return name, Spent(tokens)

    def delete(self, name: str) -> None:
        """Keep a cache no longer."""
        self.contents[name].until = min(self.contents[name].until, self.clock.now)

    @property
    def token_hours(self) -> float:
        """What was kept so far, in tokens times hours."""
        return sum(one.tokens * (min(one.until, self.clock.now) - one.made) / 3600 for one in self.contents.values())

    def _find(self, name: str, model: str) -> Content:
        held = self.contents.get(name)
        if held is None or held.model != model or self.clock.now > held.until:
            raise RefusedError("CachedContent not found (or permission denied)", status=403)
        return held
