"""OpenAI's prompt caches: that of GPT-5.6 and later, and the one before.

Source: https://developers.openai.com/api/docs/guides/prompt-caching; openai 3.54 types/responses. What they say, and is
done here:

- From GPT-5.6 on a beginning is kept where it is marked: by the client, and in implicit mode also at the end of the
  last message of the user, group of results, or of the developer's first messages. At most 4 are written, the latest.
- It is found at those marks (the first 2 and the latest 50), and in implicit mode also at up to 20 earlier ends of such
  messages, and at the end of the developer's first ones. The key separates caches. 1024 tokens are the least.
- What is written costs 1.25 times its input, and lives 30 minutes or 12 hours from its last use.
- Before, a beginning is kept every so many tokens for 5 to 10 minutes (here 5), or a day, on one of several machines.
  The key leads to the same one, up to 15 requests a minute; without it, no two requests need to meet (here none do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from support.caches.pieces import Clock, Entries, Piece, Spent, beginnings

_LEAST = 1024
_STEP = 128
_A_MINUTE = 15
_LIVES = {"30m": 1800.0, "12h": 43_200.0, "in_memory": 300.0, "24h": 86_400.0}
_DEVELOPER = ("developer", "system", "tools")


@dataclass
class MarkedCache:
    """The cache of GPT-5.6 and later, of one organization."""

    clock: Clock

    def __post_init__(self) -> None:
        self._entries = Entries(self.clock)

    def serve(self, scope: str, pieces: Sequence[Piece], *, mode: str = "implicit", ttl: str = "30m") -> Spent:
        """Take a request; the scope is its model and its key."""
        names, sizes = beginnings(scope, pieces)
        marks = [place for place, piece in enumerate(pieces) if piece.mark]
        ends = _eligible(pieces)
        implicit = ends[-1:] if mode == "implicit" else []
        sought = {*marks[:2], *marks[-50:], *implicit}
        if mode == "implicit":
            sought |= {*ends[:-1][-20:], *_first(pieces)}
        hit = max((place for place in sought if self._entries.has(names[place])), default=-1)
        if hit >= 0:
            self._entries.use(names[hit])
        written = [*marks[-(4 - len(implicit)) :], *implicit]
        new = [place for place in written if place > hit and sizes[place] >= _LEAST]
        for place in new:
            self._entries.keep(names[place], _LIVES[ttl])
        read = sizes[hit] if hit >= 0 else 0
        until = sizes[max(new)] if new else read
        short, long = (0, until - read) if ttl == "12h" else (until - read, 0)
        return Spent(sizes[-1] - until, read, short, long)


@dataclass
class OlderCache:
    """The cache before that, on its machines."""

    clock: Clock
    _machines: dict[str, tuple[Entries, list[float]]] = field(default_factory=dict)
    _lost: int = 0

    def serve(self, model: str, key: str | None, pieces: Sequence[Piece], *, retention: str = "in_memory") -> Spent:
        """Take a request."""
        entries = self._route(model, key)
        text = "".join(f"{piece.kind}\0{piece.text}\0" for piece in pieces)
        total = sum(piece.size for piece in pieces)
        steps = [*range(_LEAST, total + 1, _STEP)]
        names, _ = beginnings(
            model, [Piece(text[(step - _STEP if step > _LEAST else 0) * 4 : step * 4]) for step in steps]
        )
        read = max((step for step, name in zip(steps, names, strict=True) if entries.has(name)), default=0)
        for step, name in zip(steps, names, strict=True):
            entries.use(name) if step <= read and entries.has(name) else entries.keep(name, _LIVES[retention])
        return Spent(total - read, read)

    def _route(self, model: str, key: str | None) -> Entries:
        """The machine that takes the request: that of the key, or its neighbour if there were too many."""
        self._lost += key is None
        name = f"{model} {key if key is not None else self._lost}"
        entries, times = self._machines.setdefault(name, (Entries(self.clock), []))
        recent = [time for time in times if self.clock.now - time < 60]
        if len(recent) >= _A_MINUTE and key is not None:
            return self._route(model, f"{key}+")
        times[:] = [*recent, self.clock.now]
        return entries


def _eligible(pieces: Sequence[Piece]) -> list[int]:
    """The ends of messages at which an implicit mark can stand."""
    kinds = [piece.kind for piece in pieces]
    groups = [
        place
        for place, piece in enumerate(pieces)
        if piece.ends and (piece.kind == "user" or (piece.kind == "tool" and kinds[place + 1 : place + 2] != ["tool"]))
    ]
    return [*_first(pieces), *groups]


def _first(pieces: Sequence[Piece]) -> list[int]:
    """The end of the developer's first messages, if there are any."""
    count = next((place for place, piece in enumerate(pieces) if piece.kind not in _DEVELOPER), len(pieces))
    return [count - 1] if count and pieces[count - 1].kind != "tools" else []
