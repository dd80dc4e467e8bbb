"""The caches behind OpenRouter, which sends a request on to one of several providers of the model.

Source: https://openrouter.ai/docs/guides/best-practices/prompt-caching. What it says, and is done here:

- Requests of one `session_id` go to one provider, until 10 minutes passed without any; then to the next one. Without a
  name, only what hit a cache is led to the same provider again.
- Claude's marks are Anthropic's. Of those for Gemini the last alone counts; what it writes lives 5 minutes, and no use
  makes it live longer. Writing costs the input and 5 minutes of keeping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from support.caches.anthropic import AnthropicCache
from support.caches.pieces import Clock, Entries, Piece, Spent, beginnings

_STICKY = 600.0
_LEAST_GEMINI = 4096


class LastMarkCache:
    """Gemini's, as OpenRouter makes it."""

    def __init__(self, clock: Clock) -> None:
        self._entries = Entries(clock, renews=False)

    def serve(self, model: str, pieces: Sequence[Piece]) -> Spent:
        """Take a request."""
        names, sizes = beginnings(model, pieces)
        mark = max((place for place, piece in enumerate(pieces) if piece.mark), default=None)
        if mark is None or sizes[mark] < _LEAST_GEMINI:
            return Spent(sizes[-1])
        if self._entries.has(names[mark]):
            return Spent(sizes[-1] - sizes[mark], sizes[mark])
        self._entries.keep(names[mark], 300.0)
        return Spent(sizes[-1] - sizes[mark], 0, sizes[mark])


@dataclass
class RoutedCache:
    """Who serves a model, and the cache of each.

    Args:
        clock: when it is.
        providers: how many there are.
    """

    clock: Clock
    providers: int = 2
    _sticky: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        self._claude = [AnthropicCache(self.clock, runs=number == 0) for number in range(self.providers)]
        self._gemini = [LastMarkCache(self.clock) for _ in range(self.providers)]

    def serve(self, model: str, session: str | None, pieces: Sequence[Piece]) -> Spent:
        """Take a request."""
        who, since = self._sticky.get((model, session or pieces[0].text), (-1, 0.0))
        if who < 0 or self.clock.now - since > _STICKY:
            who, self._next = self._next % self.providers, self._next + 1
        spent = self._ask(model, who, pieces)
        if session or spent.read:
            self._sticky[model, session or pieces[0].text] = (who, self.clock.now)
        return spent

    def _ask(self, model: str, who: int, pieces: Sequence[Piece]) -> Spent:
        if model.startswith("anthropic/"):
            return self._claude[who].serve(model, pieces)
        if model.startswith("google/"):
            return self._gemini[who].serve(model, pieces)
        return Spent(sum(piece.size for piece in pieces))
