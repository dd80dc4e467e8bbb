"""Whose prices an attempt is charged at, and what the attempts of a call add up to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.billing import Bill, bill, billed_card
from agentctl.economy.catalog import Catalog
from agentctl.settings import ModelOverride
from agentctl.usage import Usage

costs = st.none() | st.decimals(0, 10**6, places=18)
bills = st.lists(st.builds(bill, st.builds(Usage, st.integers(0, 9), reported=costs), costs), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("asked", "answered", "billed"),
    [
        ("openai/gpt-4o", "gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06"),
        ("openai/gpt-4o", "gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-4o", "gpt-99", "openai/gpt-4o"),
        ("openai/gpt-4o:batch", "gpt-4o", "openai/gpt-4o:batch"),
        ("openai/gpt-4o", "", "openai/gpt-4o"),
        ("compatible/gpt-4o", "gpt-4o-mini", "compatible/gpt-4o"),
    ],
)
def test_the_known_one_that_answered(asked: str, answered: str, billed: str) -> None:
    """A model with known prices is billed as what it is, one without as the one that was asked."""
    catalog = Catalog()
    assert billed_card(catalog, catalog.find(asked), answered).name == billed


def test_a_bill_is_in_what_the_ledger_keeps() -> None:
    """A cost of more digits is told as it is booked, so that a receipt and the sums agree."""
    made = bill(Usage(output=1, reported=Decimal("0.0000000000025")), Decimal("0.0000000000014"))
    assert (made.computed, made.reported) == (Decimal("0.000000000001"), Decimal("0.000000000002"))
    assert (made + made).cost == Decimal("0.000000000004")


def test_what_the_user_says_of_a_price_holds() -> None:
    """Whoever answers in the name of a model whose price the user set costs that, unless the user priced it too."""
    mine = {"openai/gpt-4o": ModelOverride(input=Decimal(9))}
    theirs = mine | {"openai/gpt-4o-mini": ModelOverride(input=Decimal(8))}
    for overrides, billed in ((mine, "openai/gpt-4o"), (theirs, "openai/gpt-4o-mini")):
        catalog = Catalog(overrides)
        assert billed_card(catalog, catalog.find("openai/gpt-4o"), "gpt-4o-mini").name == billed


@given(bills)
def test_bills_add_up(parts: list[Bill]) -> None:
    """Each sum is exact, and unknown as soon as a part of it is."""
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    assert whole.usage.uncached_input == sum(part.usage.uncached_input for part in parts)
    for field in ("computed", "reported", "cost"):
        known = [getattr(part, field) for part in parts]
        assert getattr(whole, field) == (None if None in known else sum(map(Decimal, known)))
    for part in parts:
        assert part.cost == (part.computed if part.reported is None else part.reported)
