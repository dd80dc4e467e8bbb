"""What was used and spent: by session, day, model, provider and tag.

The database keeps these sums as calls are charged (`usage_sums`). Where a period begins or ends within one of its
slots, the calls of that slot, and only they, are read from the ledger itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from agentctl.economy.ledger import Cost
from agentctl.economy.money import from_pico
from agentctl.economy.periods import DAY, MONTH, QUARTER, Period
from agentctl.store.base import Transaction

if TYPE_CHECKING:
    from datetime import date, tzinfo

_MILLI = 10**9  # pico-dollars
_Key = TypeVar("_Key")
_Row = tuple[Any, ...]  # session_id, provider, model, tag, basis, and the numbers that `_total` names


class Total(NamedTuple):
    """A sum over calls: integers in a row, so that sums of them are sums place by place. Money is in pico-dollars.

    Some calls have a cost that the provider reported, and of these most also one that was computed. `computed` and
    `drift`, by which what was reported is more, are sums over the calls that have both, `compared` of them.
    """

    calls: int = 0
    unknown_calls: int = 0
    known: int = 0
    reported_calls: int = 0
    reported: int = 0
    compared: int = 0
    computed: int = 0
    drift: int = 0
    uncached_input: int = 0
    cache_read: int = 0
    cache_write_short: int = 0
    cache_write_long: int = 0
    output: int = 0

    @property
    def input(self) -> int:
        """All input tokens, cached or not."""
        return self.uncached_input + self.cache_read + self.cache_write_short + self.cache_write_long

    def buckets(self) -> dict[str, int]:
        """The tokens by bucket, as `Usage` has them."""
        return {
            "uncached_input": self.uncached_input,
            "cache_read": self.cache_read,
            "cache_write_short": self.cache_write_short,
            "cache_write_long": self.cache_write_long,
            "output": self.output,
        }

    @property
    def cost(self) -> Cost:
        """What they cost: as reported where it was, else as computed."""
        return Cost(from_pico(self.known), self.unknown_calls)


def by_session(tx: Transaction, period: Period, session_id: str | None = None) -> dict[str | None, Total]:
    """Add up calls by the id of their session, None for those whose conversation was not kept.

    Args:
        tx: a transaction.
        period: when they were charged.
        session_id: only this session's.
    """
    if session_id is not None:
        return _added(_rows(tx, "part", QUARTER, period, session_id), lambda _: session_id)
    return _added(_rows_by_session(tx, period), lambda row: row[0] or None)


def by_day(
    tx: Transaction, period: Period, session_id: str | None = None, zone: tzinfo | None = None
) -> dict[date, Total]:
    """Add up calls by the day they were charged on, from the first to the last that has any.

    Args:
        tx: a transaction.
        period: when they were charged.
        session_id: only this session's.
        zone: where days begin and end; None for this machine's own time.
    """
    found: dict[date, Total] = {}
    for day, part in _days(tx, period, session_id, zone):
        for row in _rows(tx, "time" if session_id is None else "part", QUARTER, part, session_id):
            _add(found, day, row)
    return found


def by_model(tx: Transaction, period: Period, session_id: str | None = None) -> dict[str, Total]:
    """Add up calls by `provider/model`; see `by_session`."""
    return _added(_rows_by_day(tx, "model", period, session_id), lambda row: f"{row[1]}/{row[2]}")


def by_provider(tx: Transaction, period: Period, session_id: str | None = None) -> dict[str, Total]:
    """Add up calls by provider; see `by_session`."""
    return _added(_rows_by_day(tx, "model", period, session_id), lambda row: str(row[1]))


def by_tag(tx: Transaction, period: Period, session_id: str | None = None) -> dict[str | None, Total]:
    """Add up calls by tag, None for those without; see `by_session`."""
    return _added(_rows_by_day(tx, "tag", period, session_id), lambda row: row[3] or None)


def of_model(tx: Transaction, name: str) -> Total:
    """Add up all calls of one model, `provider/model`."""
    provider, _, model = name.partition("/")
    return total(map(_total, tx.tuples("totals.of_model", provider=provider, model=model)))


def total(lines: Iterable[Total]) -> Total:
    """Add up totals."""
    return Total(*map(sum, zip(*lines, strict=True))) if (lines := list(lines)) else Total()


def _days(
    tx: Transaction, period: Period, session_id: str | None, zone: tzinfo | None
) -> Iterator[tuple[date, Period]]:
    """Yield the days, or parts of days, that have calls."""
    from agentctl.economy.days import day_of  # noqa: PLC0415 - other tables need no calendar

    scope, moment = "time" if session_id is None else "part", period.since
    while row := tx.one("totals.next_slot", scope=scope, session_id=session_id or "", first=moment // QUARTER):
        start = max(moment, row["slot"] * QUARTER)
        if start >= period.until:
            return
        day, end = day_of(start, zone)
        moment = min(end, period.until)
        yield day, Period(start, moment)


def _rows_by_day(tx: Transaction, scope: str, period: Period, session_id: str | None) -> Iterator[_Row]:
    if session_id is None:
        return _rows(tx, scope, DAY, period, None)
    return _rows(tx, "part", QUARTER, period, session_id)


def _rows(tx: Transaction, scope: str, size: int, period: Period, session_id: str | None) -> Iterator[_Row]:
    """The sums that make up a period: those kept by slots of `size` µs, and those of its edges."""
    first, end = period.slots(size)
    yield from tx.tuples("totals.sums", scope=scope, session_id=session_id or "", first=first, end=end)
    for edge in period.edges(size):
        yield from tx.tuples("totals.edge", since=edge.since, until=edge.until, session_id=session_id)


def _rows_by_session(tx: Transaction, period: Period) -> Iterator[_Row]:
    """Most sessions lie wholly in a period or out of it; only of the others the parts are looked at."""
    bounds = {"since": period.since, "until": period.until}
    whole = tx.tuples("totals.whole_sessions", **bounds)
    yield from whole
    if period == Period():
        return
    months = ("month", *period.slots(MONTH))
    parts = (("part", *edge.slots(QUARTER)) for edge in period.edges(MONTH))
    for scope, first, end in (months, *parts):
        yield from tx.tuples("totals.parts_of_sessions", **bounds, scope=scope, first=first, end=end)
    counted = {(row[0], row[4]) for row in whole}
    for edge in period.edges(QUARTER):
        rows = tx.tuples("totals.edge", since=edge.since, until=edge.until, session_id=None)
        yield from (row for row in rows if (row[0], row[4]) not in counted)


def _added(rows: Iterable[_Row], key: Callable[[_Row], _Key]) -> dict[_Key, Total]:
    found: dict[_Key, Total] = {}
    for row in rows:
        _add(found, key(row), row)
    return found


def _add(table: dict[_Key, Total], key: _Key, row: _Row) -> None:
    line = _total(row)
    if line.calls:  # a report can take all calls out of a sum
        table[key] = Total(*map(add, table[key], line)) if key in table else line


def _total(row: _Row) -> Total:
    _, _, _, _, basis, calls, known_musd, known_rest, computed_musd, computed_rest, *tokens = row
    known = known_musd * _MILLI + known_rest
    if basis == "computed":
        return Total(calls, 0, known, 0, 0, 0, 0, 0, *tokens)
    if basis == "unknown":
        return Total(calls, calls, known, 0, 0, 0, 0, 0, *tokens)
    if basis == "reported":
        return Total(calls, 0, known, calls, known, 0, 0, 0, *tokens)
    computed = computed_musd * _MILLI + computed_rest
    return Total(calls, 0, known, calls, known, calls, computed, known - computed, *tokens)
