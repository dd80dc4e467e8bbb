"""The pieces that a request is made of, as a cache sees them, and a clock that stands still until it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.vendors.bill import count


@dataclass
class Clock:
    """Seconds since some beginning."""

    now: float = 0.0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of content.

    Args:
        text: all that it says, as the vendor would hash it.
        kind: its type.
        mark: the lifetime that a breakpoint at its end asks for, if there is one.
        ends: whether a message ends with it.
        tokens: how many it has; by its text, if that is not said.
    """

    text: str
    kind: str = "text"
    mark: str | None = None
    ends: bool = False
    tokens: int = -1

    @property
    def size(self) -> int:
        """Its tokens."""
        return count(self.text) if self.tokens < 0 else self.tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """The tokens of a request's input: what was neither read nor written, and what was, for a short or a long time."""

    fresh: int = 0
    read: int = 0
    short: int = 0
    long: int = 0


@dataclass(slots=True)
class Entry:
    """A beginning that is kept, since it was last used."""

    lifetime: float
    used: float


@dataclass
class Entries:
    """What is kept, by the hash of the beginning."""

    clock: Clock
    renews: bool = True
    _kept: dict[str, Entry] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether it is there and has not expired."""
        entry = self._kept.get(name)
        return entry is not None and self.clock.now - entry.used <= entry.lifetime

    def use(self, name: str) -> None:
        """Read it, which makes it live on."""
        if self.renews:
            self._kept[name].used = self.clock.now

    def keep(self, name: str, lifetime: float) -> None:
        """Write it."""
        self._kept[name] = Entry(lifetime, self.clock.now)


def beginnings(scope: str, pieces: Sequence[Piece]) -> tuple[list[str], list[int]]:
    """Return the hash of each beginning, by the piece that it ends with, and its tokens."""
    digest, tokens, names, sizes = hashlib.sha256(scope.encode()), 0, [], []
    for piece in pieces:
        digest.update(f"{piece.kind}\0{piece.text}\0".encode("utf-8", "surrogatepass"))
        tokens += piece.size
        names.append(digest.hexdigest())
        sizes.append(tokens)
    return names, sizes
