"""Budgets over the ledger: what counts against which limit, and reservations that never pass one."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import POSTGRES, Backends
from support.memory import memory

from agentctl.economy import budget, ledger
from agentctl.economy.budget import NO_LIMITS, Account, Limits, Spending
from agentctl.economy.ledger import Call
from agentctl.ids import new_id
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

CENT = 10**10  # pico-dollars
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def db(database: Database) -> Database:
    """The same under a shorter name."""
    return database


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def _call(session_id: str | None = None) -> Call:
    return Call(new_id(), session_id, "p", "m")


def _charge(tx: Transaction, cents: int, at: str, session_id: str | None = None) -> None:
    call = _call(session_id)
    ledger.reserve(tx, call, Usage(), None)
    ledger.charge(tx, call, Usage(1), Decimal(cents).scaleb(-2), "final", None, None, at=_at(at))


def _accounts(db: Database, limits: Limits, now: str, session_id: str | None = None) -> dict[str, Account]:
    found = db.read(lambda tx: budget.standing(tx, limits, session_id, now=_at(now)))
    return {one.scope: one for one in found}


def test_a_day_and_a_month_begin_where_the_budget_says(db: Database) -> None:
    """What was spent before midnight of the budget's zone is yesterday's, whatever day it is elsewhere."""
    db.write(lambda tx: _charge(tx, 1, "2026-03-31T21:59:59+00:00"))
    db.write(lambda tx: _charge(tx, 2, "2026-03-31T22:00:01+00:00"))
    now = "2026-03-31T23:00:00+00:00"
    berlin = _accounts(db, Limits(day=Decimal(1), month=Decimal(9), zone=BERLIN), now)
    assert (berlin["day"].spent, berlin["month"].spent) == (2 * CENT, 2 * CENT)
    assert berlin["day"].resets_at == _at("2026-04-01T22:00:00+00:00")
    assert berlin["month"].resets_at == _at("2026-04-30T22:00:00+00:00")
    utc = _accounts(db, Limits(day=Decimal(1), month=Decimal(9), zone=UTC), now)
    assert (utc["day"].spent, utc["month"].spent) == (3 * CENT, 3 * CENT)
    assert utc["day"].resets_at == _at("2026-04-01T00:00:00+00:00")


def test_a_day_of_25_hours_has_one_budget(db: Database) -> None:
    """Where the clock is set back at night, both of the repeated hours are of the same day."""
    limits = Limits(day=Decimal(1), zone=BERLIN)
    for hour in ("2026-10-24T22:30:00+00:00", "2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"):
        db.write(partial(_charge, cents=1, at=hour))
    found = _accounts(db, limits, "2026-10-25T22:30:00+00:00")["day"]
    assert (found.spent, found.resets_at) == (3 * CENT, _at("2026-10-25T23:00:00+00:00"))


def test_what_is_reserved_counts_until_it_is_settled(db: Database) -> None:
    """An open call counts with all that it may cost, a settled one with what it cost, a released one with nothing."""
    limits = Limits(session=Decimal(1), day=Decimal(2), zone=UTC)
    with_session = db.write(sessions.create).id
    mine, other = _call(with_session), _call()
    assert db.write(lambda tx: budget.reserve(tx, mine, Usage(1), 30 * CENT, limits))
    assert db.write(lambda tx: budget.reserve(tx, other, Usage(1), 50 * CENT, limits))
    found = {one.scope: one for one in db.read(lambda tx: budget.standing(tx, limits, with_session))}
    assert (found["session"].reserved, found["day"].reserved) == (30 * CENT, 80 * CENT)
    assert (found["session"].left, found["day"].left) == (70 * CENT, 120 * CENT)
    db.write(lambda tx: ledger.release(tx, other))
    db.write(lambda tx: ledger.charge(tx, mine, Usage(1), Decimal("0.2"), "final", None, None))
    found = {one.scope: one for one in db.read(lambda tx: budget.standing(tx, limits, with_session))}
    assert [(one.spent, one.reserved) for one in found.values()] == [(20 * CENT, 0)] * 2


def test_a_limit_of_its_own_counts_what_the_command_has_spent(db: Database) -> None:
    """What a command and a call have cost so far counts against their limits; without limits there is no account."""
    limits = Limits(command=Decimal("0.10"), call=Decimal("0.05"))
    found = db.read(lambda tx: budget.standing(tx, limits, None, Spending(7 * CENT, 2 * CENT)))
    assert [(one.scope, one.left) for one in found] == [("command", 3 * CENT), ("call", 3 * CENT)]
    assert not NO_LIMITS
    assert db.read(lambda tx: budget.standing(tx, NO_LIMITS, None)) == ()


@pytest.mark.parametrize("scope", ["session", "day", "month"])
def test_the_last_pico_dollar_can_be_reserved_and_no_more(db: Database, scope: str) -> None:
    """A limit is passed by one pico-dollar, and not by none."""
    limits = Limits(**{scope: Decimal("0.000000000005")}, zone=UTC)
    session_id = db.write(sessions.create).id
    assert not db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 6, limits))
    assert db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 3, limits))
    assert not db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 3, limits))
    assert db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 2, limits))
    assert not db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 1, limits))
    assert db.write(lambda tx: budget.reserve(tx, _call(session_id), Usage(), 0, limits))
    assert len(db.read(ledger.open_calls)) == 3


@contextmanager
def _two_connections(backends: Backends, backend: str) -> Iterator[list[Database]]:
    with (
        tempfile.TemporaryDirectory(dir=memory()) as home,
        backends.url(backend, Path(home)) as url,
        closing(connect(url)) as one,
        closing(connect(url)) as other,
    ):
        yield [one, other]


@pytest.mark.parametrize("backend", ["file", *POSTGRES])
@given(st.lists(st.lists(st.integers(1, 40), max_size=6), min_size=2, max_size=6), st.integers(0, 100))
@settings(max_examples=20)
def test_all_together_never_pass_a_limit(backends: Backends, backend: str, costs: list[list[int]], limit: int) -> None:
    """Threads that reserve at once, over two connections, get as much as there is, each its own, and nothing more."""
    limits = Limits(day=Decimal(limit).scaleb(-12), zone=UTC)
    got: list[int] = []

    def reserve(db: Database, mine: list[int]) -> None:
        got.extend(cost for cost in mine if db.write(lambda tx: budget.reserve(tx, _call(), Usage(), cost, limits)))  # noqa: B023

    with _two_connections(backends, backend) as databases:
        threads = [threading.Thread(target=reserve, args=(databases[n % 2], mine)) for n, mine in enumerate(costs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (account,) = databases[0].read(lambda tx: budget.standing(tx, limits, None))
    assert account.reserved == sum(got) <= limit
    refused = [cost for mine in costs for cost in mine]
    for cost in got:
        refused.remove(cost)
    assert all(cost + sum(got) > limit for cost in refused)
