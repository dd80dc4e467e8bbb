"""What was used and spent: by session, day, model and provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from operator import add
from typing import TypeVar

from agentctl.economy.ledger import Cost, pico_of, usage_of
from agentctl.economy.pricing import from_pico
from agentctl.store.base import Transaction
from agentctl.usage import Usage

_SECOND = 1_000_000  # µs


@dataclass(frozen=True)
class Total:
    """A sum over calls: how many, their tokens and their cost."""

    calls: int
    usage: Usage
    cost: Cost


@dataclass(frozen=True)
class Totals:
    """The sum over some calls, and the same calls by what they have in common.

    Sessions go by id, None for calls whose conversation was not kept; models by `provider/model`; days from the first
    to the last that has calls.
    """

    all: Total
    by_session: Mapping[str | None, Total]
    by_day: Mapping[date, Total]
    by_model: Mapping[str, Total]
    by_provider: Mapping[str, Total]


def totals(tx: Transaction, *, since: int = 0, session_id: str | None = None, zone: tzinfo | None = None) -> Totals:
    """Add up the calls that were charged.

    Args:
        tx: a transaction.
        since: leave out calls charged before this; in µs since the epoch.
        session_id: leave out other sessions' calls.
        zone: where days begin and end; None for this machine's own time.
    """
    everything: _Table[None] = {}
    by_session: _Table[str | None] = {}
    by_day: _Table[date] = {}
    by_model: _Table[str] = {}
    by_provider: _Table[str] = {}
    for day, start, end in _days(tx, since, session_id, zone):
        for row in tx.all("ledger.sums", since=start, until=end, session_id=session_id):
            numbers = (row["calls"], row["unknown_calls"], pico_of(row), *usage_of(row).buckets().values())
            _add(everything, None, numbers)
            _add(by_session, row["session_id"], numbers)
            _add(by_day, day, numbers)
            _add(by_model, f"{row['provider']}/{row['model']}", numbers)
            _add(by_provider, row["provider"], numbers)
    return Totals(
        _read(everything).get(None, _NOTHING), _read(by_session), _read(by_day), _read(by_model), _read(by_provider)
    )


def _days(tx: Transaction, since: int, session_id: str | None, zone: tzinfo | None) -> Iterator[tuple[date, int, int]]:
    """Yield each day that has calls, with its begin (not before `since`) and end in epoch µs."""
    start = _next_charge(tx, since, session_id)
    while start is not None:
        day = datetime.fromtimestamp(start // _SECOND, zone).date()
        end = _midnight(day + timedelta(days=1), start, zone)
        yield day, start, end
        start = _next_charge(tx, end, session_id)


def _next_charge(tx: Transaction, since: int, session_id: str | None) -> int | None:
    row = tx.one("ledger.next_charge", since=since, session_id=session_id)
    return row["created_at"] if row else None


def _midnight(day: date, after: int, zone: tzinfo | None) -> int:
    """The moment `day` begins, after the moment `after` of the day before: a clock set back at night repeats it."""
    midnights = (datetime.combine(day, time(fold=fold), zone).timestamp() for fold in (0, 1))
    return next(moment for midnight in midnights if (moment := int(midnight) * _SECOND) > after)


_Numbers = tuple[int, ...]  # calls, calls of unknown cost, pico-dollars, and the buckets in their order
_Key = TypeVar("_Key")
_Table = dict[_Key, _Numbers]


def _add(table: _Table[_Key], key: _Key, numbers: _Numbers) -> None:
    table[key] = tuple(map(add, table[key], numbers)) if key in table else numbers


def _read(table: _Table[_Key]) -> dict[_Key, Total]:
    return {key: _total(*numbers) for key, numbers in table.items()}


def _total(calls: int, unknown_calls: int, pico: int, *buckets: int) -> Total:
    uncached_input, cache_read, cache_write_short, cache_write_long, output = buckets
    usage = Usage(uncached_input, cache_read, cache_write_short, cache_write_long, output)
    return Total(calls, usage, Cost(from_pico(pico), unknown_calls))


_NOTHING = Total(0, Usage(), Cost(Decimal(0), 0))
