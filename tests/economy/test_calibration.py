"""What is learnt from bills about the counts before them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import billed

from agentctl.economy.calibration import observed
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.messages import Attachment, user
from agentctl.store.base import Database, Transaction

MODEL = "anthropic/claude-sonnet-5-5"
PROSE = "The quick brown fox jumps over the lazy dog, and nobody minds. " * 40


def bill(database: Database, *ratios: float, model: str = MODEL, text: str = PROSE, since: int = 1) -> None:
    """Kept calls that were billed so many times what is counted, one a microsecond."""
    base = count(Prompt((user(text),)), model).base

    def work(tx: Transaction) -> None:
        for moment, ratio in enumerate(ratios, since):
            billed.bill(tx, model, [user(text)], tokens=round(base * ratio), at=moment)

    database.write(work)


def seen(database: Database, model: str = MODEL) -> Observed | None:
    return database.read(lambda tx: observed(tx, model))


def test_a_few_calls_tell_nothing(database: Database) -> None:
    """Three may be chance, four are taken for a rule, and each model has its own."""
    bill(database, 1.2, 1.3, 1.4)
    bill(database, 2, 2, 2, 2, model="google/gemini-3-pro")
    assert seen(database) is None
    bill(database, 1.3, since=4)
    learnt = seen(database)
    assert learnt
    assert (learnt.calls, *map(near, (learnt.mean, learnt.lowest, learnt.highest))) == (4, 1.3, 1.2, 1.4)
    other = seen(database, "google/gemini-3-pro")
    assert other
    assert (other.calls, other.mean) == (4, 2)


def test_the_latest_calls_count(database: Database) -> None:
    """24 of a model are looked at, by the time they were made."""
    bill(database, *[3.0] * 30, since=1000)
    bill(database, *[1.5] * 24, since=2000)
    bill(database, 9.0, since=1)  # booked late
    learnt = seen(database)
    assert learnt
    assert (learnt.calls, near(learnt.lowest), near(learnt.highest)) == (24, 1.5, 1.5)


def test_what_tells_nothing_is_left_out(database: Database) -> None:
    """Short texts, estimates of our own, what another model answered, files, and calls that cost no tokens."""
    bill(database, 5, 5, 5, 5, text="Hi.")
    bill(database, 0, 0, 0, 0)
    image = Attachment("a.png", "image/png", b"x")

    def work(tx: Transaction) -> None:
        for moment in range(1, 5):
            billed.bill(tx, MODEL, [user(PROSE)], tokens=900, at=moment, status="partial")
            billed.bill(tx, MODEL, [user(PROSE)], tokens=900, at=moment, answered_by="claude-haiku-4-5")
            billed.bill(tx, MODEL, [user(PROSE, image)], tokens=900, at=moment)

    database.write(work)
    assert seen(database) is None


def test_a_long_text_counts_for_more(database: Database) -> None:
    """The mean is of tokens, not of calls."""
    bill(database, 1.0, 1.0, 1.0)
    bill(database, 2.0, text=PROSE * 97, since=4)
    learnt = seen(database)
    assert learnt
    assert (near(learnt.mean), learnt.highest) == (1.97, 2.0)


def near(ratio: float) -> float:
    """The ratio, as far as whole tokens tell it."""
    return round(ratio, 2)


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
    bill(database, *[1.31] * 20, since=100)
    assert count(prompt, MODEL, seen(database)).error_bar < after.error_bar


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
