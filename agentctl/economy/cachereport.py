"""What prompt caches did in a period: read back from the records of `economy.cachebook`. Money is in pico-dollars."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.economy.misses import Cause
from agentctl.economy.periods import Period
from agentctl.store.base import Row, Transaction

HOUR = 3_600_000_000
"""µs in an hour, the longest that a cache can be asked to last."""

_MILLI = 10**9  # pico-dollars


@dataclass(frozen=True, slots=True)
class Saving:
    """Sums over the calls that used a cache: how many, of how many that is known, what it saved, what writing cost."""

    calls: int = 0
    known_calls: int = 0
    saved: int = 0
    writing: int = 0


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
    rows = tx.all("caching.savings", since=period.since, until=period.until, session_id=session_id)
    return {_model(row): _saving(row) for row in rows}


def tallies(tx: Transaction, period: Period, session_id: str | None = None) -> list[Tally]:
    """Return how many misses had which cause, those of the most tokens first."""
    rows = tx.all("caching.causes", since=period.since, until=period.until, session_id=session_id, most=HOUR)
    return [_tally(row) for row in rows]


def misses(tx: Transaction, period: Period, session_id: str | None, limit: int) -> list[Missed]:
    """Return the latest misses, the newest first, at most `limit` of them."""
    rows = tx.all("caching.misses", since=period.since, until=period.until, session_id=session_id, limit=limit)
    return [_missed(row) for row in rows]


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
