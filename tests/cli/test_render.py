"""Sums as people read them."""

from decimal import Decimal

import pytest

from agentctl.economy.money import difference, dollars


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("12.4", "$12.40"),
        ("1234567.891", "$1,234,567.89"),
        ("0.00334", "$0.0033"),
        ("0.0000000000012", "$0.0000000000012"),
        ("-0.5", "-$0.50"),
        (None, "unknown"),
    ],
)
def test_dollars(amount: str | None, text: str) -> None:
    """Two digits that count and never nothing for something; a minus stands before the sign of the money."""
    assert dollars(None if amount is None else Decimal(amount)) == text


@pytest.mark.parametrize(("amount", "text"), [("0", "$0"), ("0.5", "+$0.50"), ("-2", "-$2.00")])
def test_differences(amount: str, text: str) -> None:
    """What is more says so, as what is less does."""
    assert difference(Decimal(amount)) == text
