"""What is learnt from bills about the counts before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.calibration import observe, observed
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.messages import Attachment, user
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect

MODEL = "anthropic/claude-sonnet-5-5"
PROSE = "The quick brown fox jumps over the lazy dog, and nobody minds. " * 40


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(connect(":memory:")) as opened:
        yield opened


def bill(database: Database, *ratios: float, model: str = MODEL, counted: int = 1000, since: int = 0) -> None:
    """Calls that were billed so many times what was counted, one a microsecond."""

    def work(tx: Transaction) -> None:
        for moment, ratio in enumerate(ratios, since):
            observe(tx, model, counted=counted, billed=round(counted * ratio), now=moment)

    database.write(work)


def seen(database: Database, model: str = MODEL) -> Observed | None:
    return database.read(lambda tx: observed(tx, model))


def test_a_few_calls_tell_nothing(database: Database) -> None:
    """Three may be chance, four are taken for a rule, and each model has its own."""
    bill(database, 1.2, 1.3, 1.4)
    bill(database, 2, 2, 2, 2, model="google/gemini-3-pro")
    assert seen(database) is None
    bill(database, 1.3, since=3)
    assert seen(database) == Observed(4, pytest.approx(1.3), 1.2, 1.4)  # type: ignore[arg-type]
    assert seen(database, "google/gemini-3-pro") == Observed(4, 2, 2, 2)


def test_what_is_long_ago_is_forgotten(database: Database) -> None:
    """The latest 64 calls count, by the time they were made, and no others are kept."""
    bill(database, *[3.0] * 70, since=1000)
    bill(database, *[1.5] * 64, since=2000)
    bill(database, 9.0, since=0)  # booked late
    assert seen(database) == Observed(64, 1.5, 1.5, 1.5)
    bill(database, 2.0, since=3000)
    latest = seen(database)
    assert latest
    assert (latest.calls, latest.highest) == (64, 2.0)


def test_short_calls_and_impossible_bills_are_left_out(database: Database) -> None:
    """What is around a short text says nothing of a long one, and no input was ever free of tokens."""
    bill(database, 5, 5, 5, 5, counted=20)
    bill(database, 0, 0, 0, 0)
    assert seen(database) is None


def test_a_long_text_counts_for_more(database: Database) -> None:
    """The mean is of tokens, not of calls."""
    bill(database, 1.0, 1.0, 1.0, counted=100)
    bill(database, 2.0, counted=9700, since=3)
    assert seen(database) == Observed(4, pytest.approx(1.97), 1.0, 2.0)  # type: ignore[arg-type]


def test_a_count_follows_what_was_billed(database: Database) -> None:
    """Tokens are those of the calls before, the bar shrinks with each, and the bound stays what it was."""
    prompt = Prompt((user(PROSE),))
    before = count(prompt, MODEL)
    bill(database, 1.3, 1.31, 1.32, 1.31)
    after = count(prompt, MODEL, seen(database))
    assert after.tokens == pytest.approx(before.base * 1.31, abs=1)
    assert before.base * 0.02 < after.error_bar < before.error_bar
    assert after.bound == before.bound
    assert after.base == before.base
    assert after.how == "o200k_base x 1.31, by 4 calls of it"
    bill(database, *[1.31] * 60)
    assert count(prompt, MODEL, seen(database)).error_bar < after.error_bar / 2


def test_images_are_not_billed_like_text(database: Database) -> None:
    """What was billed for text changes nothing of what an image takes."""
    image = Attachment("a.png", "image/png", b"x")
    alone = count(Prompt((user("", image),)), MODEL)
    assert count(Prompt((user("", image),)), MODEL, Observed(9, 3.0, 3.0, 3.0)).tokens - alone.tokens < 100
    assert not alone.plain


@given(
    st.text(max_size=300),
    st.floats(0.01, 20),
    st.floats(0.01, 20),
    st.floats(0.01, 20),
)
def test_a_bar_is_never_negative_nor_beyond_the_bound(text: str, one: float, two: float, three: float) -> None:
    """Whatever was billed, a count lies between nothing and its bound, and so does all of its bar above it."""
    lowest, mean, highest = sorted((one, two, three))
    counted = count(Prompt((user(text),)), MODEL, Observed(9, mean, lowest, highest))
    assert counted.tokens >= 0
    assert counted.error_bar >= 0
    assert counted.tokens + counted.error_bar <= counted.bound
