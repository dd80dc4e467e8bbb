"""No request passes a ceiling, none that fits is refused, and what is refused is told what would fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.preflight import Fit, fit, judge, most_input
from agentctl.economy.prices import UNKNOWN, PriceList, Tier
from agentctl.errors import ContextOverflowError, ExitCode


@dataclass(frozen=True)
class Count:
    """The tokens of an input."""

    tokens: int
    error_bar: int = 0

    @property
    def exact(self) -> bool:
        """Whether there is no error bar."""
        return not self.error_bar


def priced(name: str, window: int, dollars: str) -> ModelCard:
    """A model of this window whose input costs this."""
    prices = (PriceList("", (Tier(0, replace(UNKNOWN, input=Decimal(dollars))),)),)
    return ModelCard(name, prices, window=window)


CARD = ModelCard("vendor/model", max_input=1000, max_output=200, window=1100)
sizes = st.integers(1, 3000)
cards = st.builds(
    ModelCard,
    st.just("vendor/model"),
    max_input=st.none() | sizes,
    max_output=st.none() | sizes,
    window=st.none() | sizes,
)
counts = st.builds(Count, st.integers(0, 3000), st.integers(0, 500))


@given(counts, cards, st.none() | sizes, st.integers(-500, 500))
def test_what_passes_fits_whatever_the_truth_within_the_bar(
    count: Count, card: ModelCard, wished: int | None, error: int
) -> None:
    """If a request passes, then no size within the error bar passes a ceiling with the longest answer it allows."""
    truth = count.tokens + max(-count.error_bar, min(error, count.error_bar))
    try:
        found = fit(count, card, wished)
    except ContextOverflowError:
        assert judge(count, card) in {"too large", "uncertain"}
        return
    assert card.max_input is None or truth <= card.max_input
    longest = found.max_output if wished is not None else found.output_ceiling
    if longest is not None:
        assert longest >= 1
        assert card.window is None or truth + longest <= card.window
        assert card.max_output is None or longest <= card.max_output


@given(counts, cards, st.none() | sizes)
def test_a_wish_is_kept_or_cut_to_the_ceiling_and_that_is_said(
    count: Count, card: ModelCard, wished: int | None
) -> None:
    """A wish that fits is kept; one that does not becomes the ceiling, and a note has both numbers; none is made up."""
    if judge(count, card) not in {"fits", "unknown"}:
        return
    found = fit(count, card, wished)
    if wished is None or found.output_ceiling is None or wished <= found.output_ceiling:
        assert (found.max_output, found.notes) == (wished, ())
    else:
        assert found.max_output == found.output_ceiling
        assert f"{wished:,}" in found.notes[0]
        assert f"{found.max_output:,}" in found.notes[0]


@given(counts, cards)
def test_a_refusal_is_needed(count: Count, card: ModelCard) -> None:
    """What is too large passes a ceiling even at the low end of its bar; what is uncertain does so at the high end."""
    verdict, most = judge(count, card), most_input(card)
    assert (verdict == "unknown") == (most is None)
    if most is not None:
        assert (verdict == "too large") == (count.tokens - count.error_bar > most)
        assert (verdict == "fits") == (count.tokens + count.error_bar <= most)


def edges(card: ModelCard) -> Iterator[tuple[int, int | None, bool]]:
    """Yield sizes of an input and of an answer at the ceilings of a model, and whether they may be sent as they are."""
    most = most_input(card)
    assert most is not None
    yield from ((most + step, None, step <= 0) for step in (-1, 0, 1))
    if card.max_output is not None and (card.window is None or card.max_output < card.window):
        yield from ((0, card.max_output + step, step <= 0) for step in (-1, 0, 1))
    if card.window is not None:
        size = min(card.max_input or most, most) // 2
        room = card.window - size
        if card.max_output is None or room < card.max_output:
            yield from ((size, room + step, step <= 0) for step in (-1, 0, 1))


def sent(count: Count, card: ModelCard, wished: int | None) -> Fit | None:
    """What is sent of a request; None if nothing is."""
    try:
        return fit(count, card, wished)
    except ContextOverflowError:
        return None


def test_every_model_at_its_ceilings() -> None:
    """One below each known ceiling of each model, and at it, a request goes as it is; one above, it does not."""
    known = [card for card in Catalog().listing() if most_input(card) is not None]
    assert len(known) > 1300
    for card in known:
        for size, wished, passes in edges(card):
            found, what = sent(Count(size), card, wished), (card.name, size, wished)
            assert (found is not None) == (passes or wished is not None), what
            if found is not None:
                assert (found.max_output == wished) == passes, what
                assert wished is None or found.max_output == min(wished, found.output_ceiling or 0), what


@pytest.mark.parametrize(
    ("count", "message", "hint"),
    [
        (
            Count(1200),
            "vendor/model takes 1,000 tokens of input: 1,200 tokens are 200 too many",
            "leave out 200 tokens",
        ),
        (
            Count(1200, 50),
            "vendor/model takes 1,000 tokens of input: 1,200 ± 50 tokens are 250 too many",
            "leave out 250 tokens",
        ),
        (
            Count(990, 50),
            "vendor/model takes 1,000 tokens of input: 990 ± 50 tokens may be 40 too many",
            "leave out 40 tokens",
        ),
    ],
)
def test_a_refusal_says_by_how_much(count: Count, message: str, hint: str) -> None:
    """The error names the model, the tokens with their bar, the ceiling and by how much it is, or may be, passed."""
    with pytest.raises(ContextOverflowError) as caught:
        fit(count, CARD)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.code == ExitCode.context_overflow
    assert not caught.value.billable
    assert not caught.value.transient


def test_a_window_that_is_full_has_no_room_for_an_answer() -> None:
    """An input as large as the window is one token too many: an answer has one at least."""
    card = ModelCard("vendor/model", window=100)
    assert fit(Count(99), card).output_ceiling == 1
    for size in (100, 101):
        with pytest.raises(ContextOverflowError, match=f"takes 99 tokens of input: {size} tokens are {size - 99} too"):
            fit(Count(size), card)


def test_a_larger_model_of_the_same_provider_is_named() -> None:
    """Of the models that the input fits, the hint names the one of this provider whose price is nearest."""
    card = priced("vendor/small", 100, "2")
    others = [
        priced("vendor/dear", 5000, "9"),
        priced("vendor/near", 4000, "3"),
        priced("vendor/tight", 200, "2"),
        priced("other/near", 4000, "2"),
        ModelCard("vendor/free", window=9000),
    ]
    with pytest.raises(ContextOverflowError) as caught:
        fit(Count(300), card, None, lambda: others)
    assert caught.value.hint == "leave out 201 tokens, or ask vendor/near, which takes 3,999"


def test_other_models_are_asked_for_only_by_who_needs_one() -> None:
    """A request that fits reads no list of models."""

    def candidates() -> list[ModelCard]:
        raise AssertionError("the list is read")

    assert fit(Count(10), CARD, 20, candidates).notes == ()


def test_unknown_ceilings_stop_nothing_and_a_large_prompt_is_told_of_it() -> None:
    """Of a model of which no ceiling is known all is sent; only a prompt that many models do not take has a remark."""
    nobody = ModelCard("compatible/mine")
    assert fit(Count(15_000, 900), nobody, 5000).notes == ()
    found = fit(Count(30_000, 900), nobody, 5000)
    assert (found.max_output, found.output_ceiling) == (5000, None)
    assert found.notes == ("it is not known whether compatible/mine takes 30,000 ± 900 tokens",)


def test_a_known_output_cuts_a_wish_also_where_the_input_is_unknown() -> None:
    """A model's longest answer is its longest answer, whatever is known of its window."""
    found = fit(Count(10), ModelCard("vendor/model", max_output=100), 101)
    assert (found.max_output, found.output_ceiling) == (100, 100)
    assert found.notes == ("vendor/model may answer with 100 tokens, not 101: that is all it can write",)
    both = fit(Count(990), CARD, 150)
    assert both.notes == ("vendor/model may answer with 110 tokens, not 150: the rest of its 1,100 is the prompt's",)
