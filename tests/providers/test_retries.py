"""When a failed request is sent again."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import ProviderError
from agentctl.providers.retries import Retries, heed
from agentctl.transport import SilenceError

RETRIES = Retries(attempts=10)


def busy(retry_after: float | None = None) -> ProviderError:
    return ProviderError("busy", transient=True, retry_after=retry_after)


@given(st.integers(1, 9))
def test_backoff_doubles_up_to_its_limit(attempt: int) -> None:
    """Each wait is between half and all of a time that doubles from half a second to eight."""
    ceiling = min(8.0, 0.5 * 2 ** (attempt - 1))
    delay = RETRIES.delay(attempt, busy())
    assert delay is not None
    assert ceiling / 2 <= delay <= ceiling


def test_waits_differ() -> None:
    """Many clients that failed at once do not come back at once."""
    assert len({RETRIES.delay(5, busy()) for _ in range(20)}) > 1


@pytest.mark.parametrize("attempt", [3, 4])
def test_attempts_are_bounded(attempt: int) -> None:
    """After the third attempt the error stands, whatever the server says."""
    assert Retries().delay(attempt, busy()) is None
    assert Retries().delay(attempt, busy(retry_after=0)) is None


def test_only_transient_errors_are_tried_again() -> None:
    """What will fail again is not sent again, nor what a server may be at work on, or have done."""
    assert RETRIES.delay(1, ProviderError("no")) is None
    assert RETRIES.delay(1, SilenceError("…", transient=True)) is None
    assert RETRIES.delay(1, ProviderError("broke", transient=True, billable=True)) is None


def test_the_server_says_when() -> None:
    """A wait that the server asks for is kept to the letter; one that is too long is left to the user."""
    assert RETRIES.delay(1, busy(retry_after=0)) == 0
    assert RETRIES.delay(1, busy(retry_after=60)) == 60
    assert RETRIES.delay(1, busy(retry_after=61)) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are understood; a date in the past is now, and nonsense is nothing."""
    assert heed(busy(), headers).retry_after == seconds


def test_retry_after_a_date() -> None:
    """A date in the future is as many seconds away as it is."""
    error = heed(busy(), {"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert error.retry_after is not None
    assert 28 <= error.retry_after <= 30


@pytest.mark.parametrize(("advice", "transient"), [("true", True), ("false", False), ("maybe", None)])
@pytest.mark.parametrize("before", [True, False])
def test_the_server_says_whether(advice: str, *, transient: bool | None, before: bool) -> None:
    """`x-should-retry` overrules what the status says."""
    error = heed(ProviderError("x", transient=before), {"x-should-retry": advice})
    assert error.transient is (before if transient is None else transient)


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry"]), st.text()))
def test_no_header_confuses_it(headers: dict[str, str]) -> None:
    """Any text in these headers is a wait of no less than nothing, or none."""
    assert (heed(busy(), headers).retry_after or 0) >= 0
