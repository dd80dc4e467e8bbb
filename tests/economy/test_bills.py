"""Bills that follow from the vendors' documents, read and priced in one process."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from support.bills import BILLS, Bill

from agentctl.economy.catalog import Catalog
from agentctl.economy.pricing import price
from agentctl.providers.usages import read_usage

# The sums of the best known ones, written out.
SUMS = {
    "claude-sonnet-4-5": "0.07935",
    "gpt-5": "0.0033475",
    "gemini-2.5-pro": "0.205",
    "claude-sonnet-5.5 at OpenRouter": "0.0414",
}


@pytest.mark.parametrize(
    "bill", [one for one in BILLS.values() if not one.options], ids=[n for n, b in BILLS.items() if not b.options]
)
def test_a_bill_is_what_the_vendor_says(bill: Bill) -> None:
    """A usage as the vendor's API reports it costs what the vendor's prices make of it, to the last digit."""
    usage = read_usage(bill.model.partition("/")[0], bill.raw)
    assert usage
    at = int(datetime(2026, 11, 24, 0, 0, tzinfo=UTC).timestamp() * 1_000_000)
    assert price(usage, Catalog().find(bill.model), at) == bill.dollars


@pytest.mark.parametrize(("name", "dollars"), SUMS.items())
def test_well_known_bills(name: str, dollars: str) -> None:
    """What the lines of a bill come to is known for some."""
    assert BILLS[name].dollars == Decimal(dollars)


def test_every_bill_has_a_source() -> None:
    """Nothing is claimed without saying where it stands, and there are enough of them."""
    assert all(bill.source for bill in BILLS.values())
    assert len([bill for bill in BILLS.values() if bill.source.startswith("http")]) > 40 + len(SUMS)
