"""How limits of log files are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.settings.limits import Limit, retention, rotation


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10 MB", Limit(bytes=10_000_000)),
        ("20 KB", Limit(bytes=20_000)),
        ("1 GiB", Limit(bytes=2**30)),
        ("512b", Limit(bytes=512)),
        ("1 day", Limit(seconds=86_400)),
        ("2 Weeks", Limit(seconds=1_209_600)),
        ("10 MB, 12 hours", Limit(bytes=10_000_000, seconds=43_200)),
    ],
)
def test_rotation_is_a_size_or_an_age_or_both(text: str, limit: Limit) -> None:
    """Units are those people write, in any case, singular or plural."""
    assert rotation(text) == limit


@given(st.integers(1, 10**9 - 1))
def test_retention_is_a_count_or_an_age(number: int) -> None:
    """A number of files or of days is read as it stands."""
    assert retention(f"{number} files") == Limit(files=number)
    assert retention(f"{number} days") == Limit(seconds=86_400 * number)


@pytest.mark.parametrize(
    "text", ["", "10", "MB", "0 MB", "-1 day", "1.5 MB", "10 parsec", "1 day, 2 days", "1 day,", "5 files"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    """Nothing is guessed: the error says how a limit is written."""
    with pytest.raises(ValueError, match="10 MB"):
        rotation(text)
