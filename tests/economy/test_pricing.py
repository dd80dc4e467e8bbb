"""The laws of money: exactness, tiers, dates, unknown prices and the one rounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.money import format_pico, format_usd, from_pico, to_pico
from agentctl.economy.prices import PriceList, Prices, Tier
from agentctl.economy.pricing import price
from agentctl.usage import Usage

BUCKETS = ("uncached_input", "cache_read", "cache_write_short", "cache_write_long", "output")


@dataclass(frozen=True)
class Card:
    """The least that has a price."""

    prices: tuple[PriceList, ...] | None


def flat(*dollars: str | Decimal | None) -> Card:
    """Return a card of one tier: input, output, cache read, short and long write."""
    return Card((PriceList("", (Tier(0, prices(*dollars)),)),))


def prices(*dollars: str | Decimal | None) -> Prices:
    """Return prices in the order of a tier: input, output, cache read, short and long write."""
    plain, output, read, short, long = (None if one is None else Decimal(one) for one in dollars)
    return Prices(plain, output, read, short, long)


def day(text: str) -> int:
    """Return noon of a UTC day in epoch µs."""
    return int(datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=UTC).timestamp() * 1_000_000)


tokens = st.integers(0, 10**9)
rates = st.decimals(0, 900, places=6)  # what two calls cost with all of this still fits the ledger
usages = st.builds(Usage, tokens, tokens, tokens, tokens, tokens)
some_prices = st.builds(Prices, rates, rates, rates, rates, rates)


@given(usages, some_prices)
def test_a_cost_is_exact(usage: Usage, rate: Prices) -> None:
    """A cost equals the sum of each bucket's tokens times its price, as fractions have it, with no rounding at all."""
    expected = (
        usage.uncached_input * Fraction(rate.input or 0)
        + usage.cache_read * Fraction(rate.cache_read or 0)
        + usage.cache_write_short * Fraction(rate.cache_write_short or 0)
        + usage.cache_write_long * Fraction(rate.cache_write_long or 0)
        + usage.output * Fraction(rate.output or 0)
    ) / 1_000_000
    cost = price(usage, Card((PriceList("", (Tier(0, rate),)),)))
    assert cost is not None
    assert Fraction(cost) == expected


@given(usages, some_prices, st.integers(1, 9))
def test_a_cost_does_not_depend_on_the_callers_decimal_context(usage: Usage, rate: Prices, precision: int) -> None:
    """A caller that computes with few digits gets the same cost, and the same integer form of it."""
    card = Card((PriceList("", (Tier(0, rate),)),))
    expected = price(usage, card)
    assert expected is not None
    with localcontext() as context:
        context.prec = precision
        cost = price(usage, card)
        assert cost is not None
        assert to_pico(cost) == to_pico(expected)
        assert from_pico(to_pico(cost)).compare_total(from_pico(to_pico(expected))) == 0
        assert format_usd(cost) == format_usd(expected)


@given(usages, usages, some_prices)
def test_cost_is_linear_inside_a_tier(one: Usage, other: Usage, rate: Prices) -> None:
    """Two calls together cost what one call with the tokens of both costs."""
    card = Card((PriceList("", (Tier(0, rate),)),))
    both = Usage(*(getattr(one, bucket) + getattr(other, bucket) for bucket in BUCKETS))
    costs = [price(usage, card) for usage in (one, other, both)]
    assert costs[0] is not None
    assert costs[1] is not None
    with localcontext() as context:
        context.prec = 60
        assert costs[0] + costs[1] == costs[2]


@given(usages, some_prices, st.sampled_from(BUCKETS), st.integers(1, 10**9))
def test_more_tokens_never_cost_less(usage: Usage, rate: Prices, bucket: str, more: int) -> None:
    """Inside a tier, tokens added to any bucket never lower the cost."""
    card = Card((PriceList("", (Tier(0, rate),)),))
    grown = replace(usage, **{bucket: getattr(usage, bucket) + more})
    before, after = price(usage, card), price(grown, card)
    assert before is not None
    assert after is not None
    assert after >= before


@given(usages, st.sampled_from(BUCKETS))
def test_a_token_is_billed_in_one_bucket_only(usage: Usage, bucket: str) -> None:
    """Where only one bucket has a price, the cost is that bucket's tokens times it, whatever the others hold."""
    order = ("uncached_input", "output", "cache_read", "cache_write_short", "cache_write_long")
    card = flat(*("1" if one == bucket else "0" for one in order))
    assert price(usage, card) == Decimal(getattr(usage, bucket)).scaleb(-6)


@given(st.integers(1, 10**7), st.integers(0, 10**6))
def test_the_tier_changes_strictly_above_the_threshold(threshold: int, output: int) -> None:
    """A call with the threshold's input pays the base tier, one token more makes all tokens pay the upper one."""
    base, upper = prices("1", "2", "1", "1", "1"), prices("3", "5", "3", "3", "3")
    card = Card((PriceList("", (Tier(0, base), Tier(threshold, upper))),))
    at = Usage(uncached_input=threshold, output=output)
    above = Usage(uncached_input=threshold + 1, output=output)
    assert price(at, card) == Decimal(threshold + 2 * output).scaleb(-6)
    assert price(above, card) == Decimal(3 * (threshold + 1) + 5 * output).scaleb(-6)


@given(st.lists(st.sampled_from(BUCKETS[:4]), min_size=1, max_size=4, unique=True))
def test_the_tier_is_chosen_by_all_input(buckets: list[str]) -> None:
    """Cached and written tokens count towards the threshold like all others; output does not."""
    card = Card((PriceList("", (Tier(0, prices(*"11111")), Tier(400, prices(*"22222")))),))
    full = Usage(**{bucket: 400 // len(buckets) + 1 for bucket in buckets})  # type: ignore[arg-type]
    assert price(full, card) == Decimal(2 * full.input).scaleb(-6)
    assert price(Usage(output=10**6), card) == 1


def test_the_tier_of_a_call_without_input_is_the_base() -> None:
    """A call with no input at all is priced by the first tier."""
    card = Card((PriceList("", (Tier(0, prices(*"11111")), Tier(10, prices(*"22222")))),))
    assert price(Usage(output=5), card) == Decimal("0.000005")


@given(usages, st.integers(0, 2**5 - 1))
def test_a_cost_is_unknown_only_where_an_unknown_price_is_needed(usage: Usage, mask: int) -> None:
    """A missing price makes the cost None if its bucket holds tokens, and is no matter if it holds none."""
    order = ("uncached_input", "output", "cache_read", "cache_write_short", "cache_write_long")
    missing = {bucket for number, bucket in enumerate(order) if mask >> number & 1}
    cost = price(usage, flat(*(None if bucket in missing else "1" for bucket in order)))
    assert (cost is None) == any(getattr(usage, bucket) for bucket in missing)


def test_an_unknown_model_has_an_unknown_cost_and_a_free_one_costs_zero() -> None:
    """Unknown is None, even for no tokens; a price of 0 is known and gives 0."""
    assert price(Usage(), Card(None)) is None
    assert price(Usage(100, 1, 1, 1, 100), flat(*"00000")) == 0


def test_a_call_is_priced_by_the_list_of_its_day() -> None:
    """The last list that had begun on the call's UTC day counts; before all of them the first one does."""
    card = Card(
        (
            PriceList("2025-01-01", (Tier(0, prices(*"11111")),)),
            PriceList("2025-06-10", (Tier(0, prices(*"22222")),)),
            PriceList("9999-01-01", (Tier(0, prices(*"99999")),)),
        )
    )
    usage = Usage(uncached_input=10**6)
    begun = int(datetime(2025, 6, 10, tzinfo=UTC).timestamp() * 1_000_000)
    assert price(usage, card, day("2024-01-01")) == 1
    assert price(usage, card, begun - 1) == 1
    assert price(usage, card, begun) == 2
    assert price(usage, card) == 2


@given(st.integers(-(2**63), 2**63 - 1))
def test_pico_dollars_survive_the_way_through_dollars(pico: int) -> None:
    """Every 64-bit number of pico-dollars comes back from dollars as it was."""
    assert to_pico(from_pico(pico)) == pico


@given(st.decimals(-(10**7), 10**7, places=18))
def test_to_pico_rounds_half_to_even(dollars: Decimal) -> None:
    """Rounding to pico-dollars is that of the decimal standard, half to even."""
    with localcontext() as context:
        context.prec = 60
        assert to_pico(dollars) == dollars.quantize(Decimal("1e-12"), ROUND_HALF_EVEN).scaleb(12)


@pytest.mark.parametrize(("dollars", "pico"), [("0.5e-12", 0), ("1.5e-12", 2), ("2.5e-12", 2), ("-2.5e-12", -2)])
def test_to_pico_breaks_ties_to_even(dollars: str, pico: int) -> None:
    """Half a pico-dollar goes to the even neighbour."""
    assert to_pico(Decimal(dollars)) == pico


@given(tokens, st.decimals(0, 10_000, places=6))
def test_a_price_in_whole_micro_dollars_needs_no_rounding(count: int, rate: Decimal) -> None:
    """Micro-dollars per million tokens are pico-dollars per token: the ledger's integers then are exact."""
    cost = price(Usage(output=count), flat("0", rate, "0", "0", "0"))
    assert cost is not None
    assert from_pico(to_pico(cost)) == cost


@given(st.decimals(-(10**9), 10**9, places=18))
def test_formatted_dollars_are_plain_and_exact(dollars: Decimal) -> None:
    """The text has digits and at most one point, no exponent and no idle zeros, and reads back as the same amount."""
    text = format_usd(dollars)
    assert Decimal(text) == dollars
    assert set(text) <= set("-0123456789.")
    assert "." not in text or text[-1] not in "0."


@given(st.integers() | st.integers(-(10**6), 10**6).map(lambda number: number * 10**9))
def test_pico_dollars_are_formatted_as_dollars_are(pico: int) -> None:
    """There are two ways to write a sum, and one text."""
    assert format_pico(pico) == format_usd(from_pico(pico))


@pytest.mark.parametrize(
    ("dollars", "text"), [("0.003347500", "0.0033475"), ("1E+2", "100"), ("0E-12", "0"), ("7", "7")]
)
def test_dollars_look_as_json_output_shows_them(dollars: str, text: str) -> None:
    """Known amounts have known texts."""
    assert format_usd(Decimal(dollars)) == text


# Usage in our buckets, prices (input, output, cache read, short and long write) and the bill, from the vendors' pages.
BILLS = {
    "claude-sonnet-4-5": (Usage(1200, 40000, 3000, 5000, 1500), ("3", "15", ".30", "3.75", "6"), "0.07935"),
    "gpt-5": (Usage(2006 - 1920, 1920, 0, 0, 300), ("1.25", "10", ".125", "1.25", "1.25"), "0.0033475"),
    "gemini-2.5-pro above 200k": (Usage(50000, 200000, 0, 0, 500 + 1500), ("2.5", "15", ".25", "2.5", "2.5"), "0.205"),
    "claude-sonnet-5.5 at OpenRouter": (Usage(1200, 40000, 8000, 0, 1500), ("2", "10", ".1", "2.5", "2.5"), "0.0414"),
}


@pytest.mark.parametrize(("usage", "dollars", "bill"), BILLS.values(), ids=BILLS)
def test_known_bills(usage: Usage, dollars: tuple[str, ...], bill: str) -> None:
    """Calls whose bill is known from the vendors' own prices cost just that."""
    assert price(usage, flat(*dollars)) == Decimal(bill)


# What other tools got wrong: a call and its right cost at $2 in, $10 out, $0.2 read, $2.5 and $4 written.
MISTAKES = {
    "litellm#9812: a cache write also billed as input": (Usage(cache_write_short=10**6), "2.5"),
    "litellm#6215: a cached token also billed as input": (Usage(cache_read=10**6), "0.2"),
    "litellm#11789: a cached token billed at the full rate": (Usage(10**6, 10**6), "2.2"),
    "opencode#37745: a cache write not billed": (Usage(10**6, 0, 10**6), "4.5"),
    "pi#5603: an hour's write billed as five minutes'": (Usage(cache_write_long=10**6), "4"),
    "aider#4080: dollars a token read as dollars a million": (Usage(uncached_input=1), "0.000002"),
}


@pytest.mark.parametrize(("usage", "bill"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_of_others(usage: Usage, bill: str) -> None:
    """Each token is billed once, in its own bucket, at its own rate a million."""
    assert price(usage, flat("2", "10", "0.2", "2.5", "4")) == Decimal(bill)
