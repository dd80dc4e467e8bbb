"""What a call is said to cost: in order, by the user's own calls where there are any, and known only where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.cards import ModelCard
from agentctl.economy.prices import PriceList, Prices, Tier
from agentctl.economy.quoting import Costs, caching, costs, likely, quote, typical_output
from agentctl.economy.totals import Total
from agentctl.economy.worst import media_of
from agentctl.messages import Attachment, user
from agentctl.usage import Usage


@dataclass(frozen=True)
class Count:
    """The tokens of an input."""

    tokens: int
    error_bar: int = 0
    bound: int = 0
    how: str = "by hand"

    @property
    def exact(self) -> bool:
        """Whether there is no error bar."""
        return not self.error_bar


def card(plain: str, output: str, read: str | None = None, short: str | None = None, **ceilings: int) -> ModelCard:
    """A model with these prices; those of the cache are that of plain input unless told."""
    amounts = [Decimal(one or plain) for one in (plain, output, read, short, short)]
    prices = Prices(amounts[0], amounts[1], amounts[2], amounts[3], amounts[4])
    return ModelCard("vendor/model", (PriceList("", (Tier(0, prices),)),), **ceilings)  # type: ignore[arg-type]


CLAUDE = card("3", "15", "0.3", "3.75", window=200_000, max_output=64_000, cache_min=1024)
MILLION = 10**6
sizes = st.integers(0, 10**5)
rates = st.decimals(0, 90, places=3)
cards = st.builds(
    lambda amounts, output, least: card(*map(str, (amounts[1], output, amounts[0], amounts[2])), cache_min=least),
    st.tuples(rates, rates, rates).map(sorted),  # to read costs less than plain input, and to write more
    rates,
    sizes,
)
habits = st.builds(
    lambda calls, new, read, short, long, output: Total(calls, 0, 0, 0, 0, 0, 0, 0, new, read, short, long, output),
    st.integers(0, 50), sizes, sizes, sizes, sizes, sizes,
)  # fmt: skip


@given(sizes, sizes, cards, habits, sizes)
def test_low_likely_and_high_are_in_order(tokens: int, bar: int, model: ModelCard, habit: Total, longest: int) -> None:
    """Whatever the prices and the user's calls: likely is never below low, and never above high."""
    bar = min(bar, tokens)
    found = costs(Count(tokens, bar, tokens + bar), model, longest, habit)
    assert found.low is not None
    assert found.likely is not None
    assert found.high is not None
    assert found.low <= found.likely <= found.high


def test_the_three_of_a_new_user() -> None:
    """Low is read from the cache without an answer, likely is typical, high is written for long with all it can say."""
    found = costs(Count(100_000, 10_000, 120_000), CLAUDE, 64_000, Total())
    assert found.low == 90_000 * Decimal("0.3") / MILLION
    assert found.likely == (100_000 * Decimal(3) + 1600 * Decimal(15)) / MILLION
    assert found.high == (120_000 * Decimal("3.75") + 64_000 * Decimal(15)) / MILLION


def test_an_input_that_is_too_short_is_read_from_no_cache() -> None:
    """Below the least that is cached, even the least cost is that of plain input."""
    assert costs(Count(1023, 0, 1023), CLAUDE, 1, Total()).low == 1023 * Decimal(3) / MILLION
    assert costs(Count(1024, 0, 1024), CLAUDE, 1, Total()).low == 1024 * Decimal("0.3") / MILLION


def test_the_likely_cost_follows_the_calls_so_far() -> None:
    """As much of an input comes from a cache, and an answer is as long, as on the average of calls of that model."""
    habit = calls_of(calls=4, new=1000, read=8000, short=1000, output=1200)
    assert likely(Count(50_000), CLAUDE, 64_000, habit) == Usage(5000, 40_000, 5000, 0, 300)
    assert likely(Count(50_000), CLAUDE, 100, habit).output == 100
    assert likely(Count(500), CLAUDE, 64_000, habit) == Usage(500, output=300)


def calls_of(calls: int, new: int, read: int, short: int, output: int) -> Total:
    """Calls that used so much in all."""
    return Total(calls, 0, 0, 0, 0, 0, 0, 0, new, read, short, 0, output)


def test_models_that_think_answer_longer() -> None:
    """The typical answer of a model that can write more than those that do not think has thoughts in it."""
    assert typical_output(CLAUDE) == 1600
    assert typical_output(replace(CLAUDE, max_output=16_384)) == typical_output(ModelCard("a/b")) == 400


def test_what_is_unknown_is_no_number() -> None:
    """Without prices nothing is known, and what does not fit has no cost."""
    assert costs(Count(10, 0, 10), ModelCard("vendor/model"), 10, Total()) == Costs()
    refused = quote(Count(200_000, 0, 200_000), CLAUDE, Total())
    assert (refused.fits, refused.costs) == (False, Costs())
    assert refused.refusal is not None


def test_a_wish_bounds_the_most_that_it_costs() -> None:
    """High is for the wished length, cut to what fits."""
    free = card("0", "1", max_output=1000, window=10_000)
    assert quote(Count(10, 0, 10), free, Total(), wished=100).costs.high == Decimal("0.0001")
    assert quote(Count(10, 0, 10), free, Total(), wished=5000).costs.high == Decimal("0.001")
    assert quote(Count(9500, 0, 9500), free, Total()).costs.high == Decimal("0.0005")
    assert quote(Count(10, 0, 10), free, Total()).fits is True
    assert quote(Count(10, 0, 10), card("0", "1"), Total()).fits is None


def test_the_cache_is_told_of_where_it_saves() -> None:
    """A model whose cache costs less says how much less, or from how many tokens on; of another nothing is said."""
    assert caching(Count(5000), CLAUDE) == (
        "a cache may hold it: reading it costs 10 % of its price, writing it 125 %",
    )
    assert caching(Count(50), CLAUDE) == ("too short for a cache, which takes 1,024 tokens or more",)
    assert caching(Count(5000), card("1", "2")) == ()
    assert caching(Count(5000), ModelCard("vendor/model")) == ()


def test_files_that_are_not_text_are_told_apart() -> None:
    """An image, sound and film may have prices of their own, and a page of a document is an image too."""
    files = [Attachment("f", kind, b"") for kind in ("image/png", "text/plain", "application/pdf", "audio/wav")]
    assert media_of([user("x", *files)]) == ("image_input", "audio_input")
