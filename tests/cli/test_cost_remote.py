"""The windows of `agentctl cost remote`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.app import App
from agentctl.cli.cost.remote import rows
from agentctl.economy.ledger import Cost
from agentctl.providers.openrouter import Account

EMPTY = cast("App", SimpleNamespace(database=SimpleNamespace(read=lambda _: {})))
ACCOUNT = Account({"day": Decimal(1), "week": Decimal(2), "month": Decimal(3)})


@pytest.mark.parametrize(
    ("now", "starts"),
    [
        ("2026-11-24T23:59:59+00:00", ("2026-11-24", "2026-11-23", "2026-11-01")),
        ("2026-11-23T00:00:00+00:00", ("2026-11-23", "2026-11-23", "2026-11-01")),  # a Monday
        ("2026-11-01T12:00:00+00:00", ("2026-11-01", "2026-10-26", "2026-11-01")),  # a Sunday
        ("2027-01-01T00:00:00+00:00", ("2027-01-01", "2026-12-28", "2027-01-01")),
    ],
)
def test_windows_begin_as_openrouter_counts(now: str, starts: tuple[str, str, str]) -> None:
    """Days, weeks from Monday and months, all of UTC."""
    found = list(rows(EMPTY, {"openrouter": ACCOUNT}, datetime.fromisoformat(now)))
    begun = [datetime.fromtimestamp(row.since / 1e6, UTC).date().isoformat() for row in found]
    assert tuple(begun) == starts
    assert [(row.window, row.used, row.booked) for row in found] == [
        ("day", Decimal(1), Cost(Decimal(0), 0)),
        ("week", Decimal(2), Cost(Decimal(0), 0)),
        ("month", Decimal(3), Cost(Decimal(0), 0)),
    ]


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_window_holds_the_moment(now: datetime) -> None:
    """It began before, and no longer ago than it lasts."""
    for row, most in zip(rows(EMPTY, {"x": ACCOUNT}, now), (1, 7, 31), strict=True):
        begun = datetime.fromtimestamp(row.since / 1e6, UTC)
        assert begun <= now < begun + timedelta(days=most)
