"""Spans of time, cut into the slots that the sums of the ledger are kept in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

QUARTER = 900_000_000  # µs in a quarter of an hour
DAY = 96 * QUARTER
MONTH = 32 * DAY
_END = 100_000_000 * DAY  # later than any clock tells, and within 64 bits


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until just before `until`, in µs since the epoch; without bounds it is all time."""

    since: int = 0
    until: int = _END

    def slots(self, size: int) -> tuple[int, int]:
        """The first slot of `size` µs that is wholly in it, and the one after the last; none if they are the same."""
        first, last = -(-self.since // size), self.until // size
        return first, max(first, last)

    def edges(self, size: int) -> Iterator[Period]:
        """What of it is not in these slots: at most a slot before them, and one after."""
        first, last = self.slots(size)
        if first * size > self.until:  # it lies within a slot
            yield self
            return
        yield from (edge for edge in (Period(self.since, first * size), Period(last * size, self.until)) if edge)

    def __bool__(self) -> bool:
        """Whether it has any length."""
        return self.since < self.until
