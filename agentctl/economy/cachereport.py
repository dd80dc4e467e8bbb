"""What prompt caches did in a period: read back from the records of `economy.cachebook`. Money is in pico-dollars.

The database keeps sums by day as calls are recorded. Where a period begins or ends within a day, the records of that
day are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentctl.economy.misses import Cause
from agentctl.economy.periods import DAY, Period
from agentctl.store.base import Row, Transaction, Value

_MILLI = 10**9  # pico-dollars


@dataclass(frozen=True, slots=True)
class Saving:
    """Sums over the calls that used a cache: how many, of how many that is known, what it saved, what writing cost."""

    calls: int = 0
    known_calls: int = 0
    saved: int = 0
    writing: int = 0

    def __add__(self, other: Saving) -> Saving:
        return Saving(
            self.calls + other.calls,
            self.known_calls + other.known_calls,
            self.saved + other.saved,
            self.writing + other.writing,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """The misses of a model that have one cause.

    Args:
        model: `provider/model`.
        cause: why.
        misses: how many.
        tokens: that could have been read.
        missed: what that would have saved, of `known_misses` of them.
        known_misses: those whose price is known.
        near: how many came within an hour after the call before.
        least_gap: the shortest time to the call before among these, in µs; None if there are none.
        most_gap: the longest.
    """

    model: str
    cause: Cause
    misses: int
    tokens: int
    missed: int
    known_misses: int
    near: int = 0
    least_gap: int | None = None
    most_gap: int | None = None

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.model,
            self.cause,
            self.misses + other.misses,
            self.tokens + other.tokens,
            self.missed + other.missed,
            self.known_misses + other.known_misses,
            self.near + other.near,
            min(_known(self.least_gap, other.least_gap), default=None),
            max(_known(self.most_gap, other.most_gap), default=None),
        )


@dataclass(frozen=True, slots=True)
class Missed:
    """One miss as it is kept; see `misses.Miss`. Times are epoch µs, `missed` is None if a price is unknown."""

    created_at: int
    session_id: str | None
    model: str
    cause: Cause
    text: str
    path: str | None
    told: str | None
    gap: int
    tokens: int
    missed: int | None


def savings(tx: Transaction, period: Period, session_id: str | None = None) -> dict[str, Saving]:
    """Return what caching saved, by `provider/model`; only this session's if one is given."""
    found: dict[str, Saving] = {}
    for row in _rows(tx, "savings", period, session_id):
        name = _model(row)
        found[name] = found.get(name, Saving()) + _saving(row)
    return found


def tallies(tx: Transaction, period: Period, session_id: str | None = None) -> list[Tally]:
    """Return how many misses had which cause, those of the most tokens first."""
    found: dict[tuple[str, Cause], Tally] = {}
    for row in _rows(tx, "causes", period, session_id):
        tally = _tally(row)
        place = tally.model, tally.cause
        found[place] = found[place] + tally if place in found else tally
    return sorted(found.values(), key=lambda one: (-one.tokens, one.model, one.cause))


def misses(tx: Transaction, period: Period, session_id: str | None, limit: int) -> list[Missed]:
    """Return the latest misses, the newest first, at most `limit` of them."""
    bounds: dict[str, Value] = {"since": period.since, "until": period.until, "limit": limit}
    if session_id is None:
        return [_missed(row) for row in tx.all("caching.misses", **bounds)]
    return [_missed(row) for row in tx.all("caching.session_misses", **bounds, session_id=session_id)]


def _rows(tx: Transaction, what: str, period: Period, session_id: str | None) -> Iterator[Row]:
    """The sums that make up a period: those of whole days, and those of its edges; or all of one session's records."""
    if session_id is not None:
        bounds = {"since": period.since, "until": period.until}
        yield from tx.all(f"caching.session_{what}", **bounds, session_id=session_id)
        return
    first, end = period.slots(DAY)
    yield from tx.all(f"caching.{what}", first=first, end=end)
    for edge in period.edges(DAY):
        yield from tx.all(f"caching.{what}_edge", since=edge.since, until=edge.until)


def _model(row: Row) -> str:
    return f"{row['provider']}/{row['model']}"


def _pico(row: Row, name: str) -> int:
    pico: int = row[f"{name}_musd"] * _MILLI + row[f"{name}_rest"]
    return pico


def _saving(row: Row) -> Saving:
    return Saving(row["calls"], row["known_calls"], _pico(row, "saved"), _pico(row, "write"))


def _tally(row: Row) -> Tally:
    counts = (row["misses"], row["tokens"], _pico(row, "missed"), row["known_misses"])
    return Tally(_model(row), row["cause"], *counts, row["near"], row["least_gap"], row["most_gap"])


def _missed(row: Row) -> Missed:
    told = (row[name] for name in ("cause", "text", "path", "told", "gap", "tokens", "missed_pusd"))
    return Missed(row["created_at"], row["session_id"], _model(row), *told)


def _known(*values: int | None) -> list[int]:
    return [value for value in values if value is not None]
