"""Sums over the ledger: the same calls by session, day, model and provider."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.ledger import Cost
from agentctl.economy.pricing import to_pico
from agentctl.economy.totals import Total, totals
from agentctl.ids import new_id
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

T = TypeVar("T")
HOUR = 3600
# Where clocks change, in the rules of POSIX: they need no time zone data on this machine.
CLOCKS = [
    "UTC0",
    "<+0545>-5:45",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    "EET-2EEST,M3.5.0/0,M10.5.0/0",  # forward at midnight, back at midnight to the day before
    "CST5CDT,M3.2.0/0,M11.1.0/1",  # midnight does not exist, then comes twice
]
CHANGES = [
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 21, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
]


@dataclass(frozen=True)
class Charge:
    """A call as the test makes it; `session` 0 is none, `at` is in seconds."""

    session: int
    provider: str
    model: str
    usage: Usage
    cost: Decimal | None
    at: int


moments = st.builds(
    lambda change, quarters, second: int(change.timestamp()) + quarters * HOUR // 4 + second,
    st.sampled_from(CHANGES),
    st.integers(-200, 200),
    st.integers(-1, 1),
)
counts = st.integers(0, 10**12)
charges = st.builds(
    Charge,
    st.integers(0, 2),
    st.sampled_from(["openai", "local"]),
    st.sampled_from(["gpt", "a/b"]),
    st.builds(Usage, counts, counts, counts, counts, counts),
    st.none() | st.decimals(0, 9_000_000, places=12),
    moments,
)


@contextmanager
def clock(rule: str) -> Iterator[None]:
    """Let this machine's time follow `rule`."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = rule
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def record(tx: Transaction, spent: Sequence[Charge]) -> list[str | None]:
    """Write the charges as they were made, and return the ids of the sessions."""
    ids = [None, sessions.create(tx).id, sessions.create(tx).id]
    for charge in spent:
        tx.execute(
            "ledger.add",
            id=new_id(),
            session_id=ids[charge.session],
            message_id=None,
            call_id=new_id(),
            attempt=1,
            kind="charge",
            status="final",
            provider=charge.provider,
            model=charge.model,
            **charge.usage.buckets(),
            raw_usage=None,
            computed_pusd=None if charge.cost is None else to_pico(charge.cost),
            price_version=None,
            tag=None,
            now=charge.at * 1_000_000,
        )
    return ids


def summed(spent: Sequence[Charge]) -> Total:
    known = [charge.cost for charge in spent if charge.cost is not None]
    buckets = [list(charge.usage.buckets().values()) for charge in spent]
    usage = Usage(*map(sum, zip(*buckets, strict=True))) if spent else Usage()  # type: ignore[arg-type]
    return Total(len(spent), usage, Cost(sum(known, Decimal(0)), len(spent) - len(known)))


def grouped(spent: Sequence[Charge], key: Callable[[Charge], T]) -> dict[T, Total]:
    groups: dict[T, list[Charge]] = defaultdict(list)
    for charge in spent:
        groups[key(charge)].append(charge)
    return {name: summed(group) for name, group in groups.items()}


@given(st.lists(charges, max_size=10), st.sampled_from(CLOCKS), moments, st.none() | st.integers(1, 2))
def test_every_call_counts_once(spent: list[Charge], rule: str, since: int, session: int | None) -> None:
    """Each table is what adding the calls up one by one gives, each call on its own local day."""
    with closing(connect(":memory:")) as database, clock(rule):
        ids = database.write(partial(record, spent=spent))
        wanted = [charge for charge in spent if charge.at >= since and (session is None or charge.session == session)]
        session_id = ids[session] if session else None
        found = database.read(lambda tx: totals(tx, since=since * 1_000_000, session_id=session_id))
        assert found.all == summed(wanted)
        assert found.by_session == grouped(wanted, lambda charge: ids[charge.session])
        assert found.by_day == grouped(wanted, lambda charge: datetime.fromtimestamp(charge.at).date())  # noqa: DTZ006
        assert found.by_model == grouped(wanted, lambda charge: f"{charge.provider}/{charge.model}")
        assert found.by_provider == grouped(wanted, lambda charge: charge.provider)
        assert list(found.by_day) == sorted(found.by_day)


@given(st.lists(charges, max_size=10), st.integers(-14 * 60, 14 * 60))
def test_days_of_a_given_zone(spent: list[Charge], minutes: int) -> None:
    """A zone that is given decides on days, whatever this machine's own is."""
    zone = timezone(timedelta(minutes=minutes))
    with closing(connect(":memory:")) as database:
        database.write(partial(record, spent=spent))
        found = database.read(partial(totals, zone=zone))
        assert found.by_day == grouped(spent, lambda charge: datetime.fromtimestamp(charge.at, zone).date())


@pytest.mark.parametrize(("cost", "known"), [(None, Decimal(0)), (Decimal("0.5"), Decimal("0.5"))])
def test_an_unknown_cost_is_no_number(cost: Decimal | None, known: Decimal) -> None:
    """A sum with a part of unknown cost has no cost, and says what is known beside it."""
    spent = [Charge(0, "local", "m", Usage(1), cost, 1_790_000_000), Charge(0, "x", "m", Usage(1), None, 1_790_000_000)]
    with closing(connect(":memory:")) as database:
        database.write(partial(record, spent=spent))
        found = database.read(totals).all.cost
    assert (found.total, found.known) == (None, known)


def test_nothing_was_spent() -> None:
    """An empty ledger adds up to a known nothing."""
    with closing(connect(":memory:")) as database:
        found = database.read(totals)
    assert found.all == Total(0, Usage(), Cost(Decimal(0), 0))
    assert found.all.cost.total == 0
    assert not any((found.by_session, found.by_day, found.by_model, found.by_provider))
