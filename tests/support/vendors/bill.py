"""What a fake vendor counts and charges, in exact dollars.

A token is four bytes of UTF-8, begun ones included. The rule for faults is what the vendors' documents come to, for
none of them promises more: a request that is refused with an error's status costs nothing; an answer that breaks off
costs its input and what was sent of it; one that ends in an error in the stream costs what its usage had said by then.

Sources: https://platform.claude.com/docs/en/api/errors, https://ai.google.dev/gemini-api/docs/billing ("if your request
fails with a 400 or 500 error, you won't be charged"), https://openrouter.ai/docs/api-reference/streaming (cancelled
streams of providers that can't be stopped are billed).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

_MILLION = Decimal(10**6)


def count(text: str | bytes) -> int:
    """The tokens of a text."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return -(-len(data) // 4)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens in disjoint buckets; `thought` is the part of `output` that was reasoning.

    `written` are kept for the shorter time that there is, `written_long` for the longer one.
    """

    fresh: int = 0
    read: int = 0
    written: int = 0
    output: int = 0
    thought: int = 0
    written_long: int = 0

    @property
    def input(self) -> int:
        """All tokens of the request."""
        return self.fresh + self.read + self.written + self.written_long


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input: Decimal
    output: Decimal
    read: Decimal | None = None
    write: Decimal | None = None
    write_long: Decimal | None = None

    def of(self, tokens: Tokens) -> Decimal:
        """What the tokens cost; a bucket without a price of its own costs what input does."""
        read = self.input if self.read is None else self.read
        write = self.input if self.write is None else self.write
        long = write if self.write_long is None else self.write_long
        kept = tokens.read * read + tokens.written * write + tokens.written_long * long
        return (tokens.fresh * self.input + kept + tokens.output * self.output) / _MILLION


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request cost. `told` is the usage that the client had been told by the time the answer ended."""

    request_id: str
    tokens: Tokens
    usd: Decimal
    told: Tokens | None

    @property
    def exact(self) -> bool:
        """Whether the client was told all that it is charged for."""
        return self.told == self.tokens


@dataclass(slots=True)
class Bill:
    """All charges so far, in their order."""

    charges: list[Charge] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The sum in dollars."""
        return sum((charge.usd for charge in self.charges), Decimal(0))


@dataclass(slots=True)
class Cache:
    """A cache of prefixes: what begins like an earlier request is read, down to whole steps of tokens.

    Args:
        smallest: the fewest tokens that are cached.
        step: what cached prefixes are a multiple of, in tokens.
        writes: whether what is new is billed as written.
    """

    smallest: int = 1024
    step: int = 128
    writes: bool = False
    _seen: list[tuple[str, str]] = field(default_factory=list)

    def split(self, model: str, prompt: str) -> Tokens:
        """Count a prompt."""
        total = count(prompt)
        read = max((_common(prompt, text) for name, text in self._seen if name == model), default=0)
        read = self._whole(min(read, total))
        written = self._whole(total) - read if self.writes else 0
        return Tokens(total - read - written, read, written)

    def keep(self, model: str, prompt: str) -> None:
        """Remember a prompt that was read."""
        self._seen.append((model, prompt))

    def _whole(self, tokens: int) -> int:
        return tokens // self.step * self.step if tokens >= self.smallest else 0


def _common(one: str, other: str) -> int:
    """The tokens of the longest common beginning; ASCII is all that is compared."""
    length = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    return (min(len(one), len(other)) if length is None else length) // 4
