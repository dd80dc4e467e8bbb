"""The most that a call can cost is never less than what it does cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.prices import Hours, PriceList, Prices, Tier
from agentctl.economy.pricing import price
from agentctl.economy.worst import worst
from agentctl.usage import Usage

rates = st.decimals(0, 900, places=3)
optional = st.none() | rates
tiers = st.builds(
    Prices,
    rates,
    rates,
    optional,
    optional,
    optional,
    st.dictionaries(st.sampled_from(["reasoning", "citations"]), rates),
)
DAY = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1_000_000)


def card(*tiers: Tier) -> ModelCard:
    """A model with these prices on all days."""
    return ModelCard("vendor/model", (PriceList("", tiers),))


def plain(text: str) -> Prices:
    """Prices of input, output, read, short and long write; `-` is unknown."""
    first, second, third, fourth, fifth = (None if one == "-" else Decimal(one) for one in text.split())
    return Prices(first, second, third, fourth, fifth)


@given(tiers, tiers, st.integers(1, 1000), st.tuples(*[st.integers(0, 500)] * 5), st.integers(0, 100))
def test_no_call_costs_more(base: Prices, long: Prices, above: int, used: tuple[int, ...], thoughts: int) -> None:
    """Whatever a call used of each bucket, in whichever tier, and thought of: it costs no more than the worst."""
    model = card(Tier(0, base), Tier(above, long))
    new, read, short, lasting, output = used
    usage = Usage(new, read, short, lasting, output, details={"reasoning": min(thoughts, output)})
    cost = price(usage, model, DAY)
    _, most = worst(usage.input + 7, usage.output + 3, model, at=DAY)
    assert most is not None
    assert cost is None or cost <= most


@pytest.mark.parametrize(
    ("prices", "bucket", "dollars"),
    [
        ("3 15 0.3 3.75 6", "cache_write_long", "0.75"),
        ("3 15 0.3 3.75 -", "cache_write_short", "0.525"),
        ("3 15 0.3 3 3", "uncached_input", "0.45"),
    ],
)
def test_the_input_is_what_costs_most(prices: str, bucket: str, dollars: str) -> None:
    """The input is written for long where that is dearest, for short where the price of long is unknown, else plain."""
    usage, most = worst(100_000, 10_000, card(Tier(0, plain(prices))), at=DAY)
    assert usage.buckets()[bucket] == usage.input == 100_000
    assert most == Decimal(dollars)


@pytest.mark.parametrize("prices", ["- 15 0.3 3.75 6", "3 - 0.3 3.75 6"])
def test_an_unknown_price_has_no_worst(prices: str) -> None:
    """Where the price of plain input or of output is unknown, so is the worst, whatever else is known."""
    assert worst(100, 10, card(Tier(0, plain(prices))), at=DAY)[1] is None
    assert worst(100, 10, ModelCard("vendor/model"), at=DAY)[1] is None


def test_a_long_input_may_end_up_in_a_cheaper_tier_and_a_dearer_one() -> None:
    """Where long calls cost less a token, one that just misses that is the dearest."""
    falling = card(Tier(0, plain("10 1 10 10 10")), Tier(1000, plain("1 1 1 1 1")))
    assert worst(1100, 0, falling, at=DAY) == (Usage(uncached_input=1000), Decimal("0.01"))


def test_a_call_before_peak_hours_may_be_charged_in_them() -> None:
    """An hour before its prices double, the worst of a call is already what it costs then."""
    usual, peak = (PriceList("", (Tier(0, plain(f"{one} 1 1 {one} {one}")),)) for one in ("1", "2"))
    model = ModelCard("vendor/model", (usual, replace(peak, hours=Hours(12 * 60 + 30, 13 * 60 + 30))))
    assert worst(1_000_000, 0, model, at=DAY)[1] == 2
    assert worst(1_000_000, 0, model, at=DAY - 3_600_000_000)[1] == 1


def test_pictures_count_as_pictures() -> None:
    """An input that may be pictures is priced as pictures where they cost more, and as text where it has none."""
    model = card(Tier(0, replace(plain("1 1 1 1 1"), details={"image_input": Decimal(8)})))
    assert worst(1_000_000, 0, model, media=("image_input",), at=DAY)[1] == 8
    assert worst(1_000_000, 0, model, at=DAY)[1] == 1


def test_every_model_with_a_price_of_input_and_output_has_a_worst() -> None:
    """No model of the catalog whose prices are known is without a most that it can cost."""
    for model in Catalog().listing():
        known = price(Usage(uncached_input=1000, output=1000), model) is not None
        assert (worst(1000, 1000, model)[1] is not None) == known, model.name
