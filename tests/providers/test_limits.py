"""What rate-limit headers mean, as each vendor writes them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import ProviderError
from agentctl.providers.limits import Limit, exhausted
from agentctl.providers.retries import Retries, heed

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()


def moment(seconds: float) -> str:
    """RFC 3339, as Anthropic writes it."""
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat().replace("+00:00", "Z")


def openai(requests: tuple[str, str], tokens: tuple[str, str]) -> dict[str, str]:
    """The headers of OpenAI, Groq and others, from what remains and when it is reset."""
    return {
        "x-ratelimit-remaining-requests": requests[0],
        "x-ratelimit-reset-requests": requests[1],
        "x-ratelimit-remaining-tokens": tokens[0],
        "x-ratelimit-reset-tokens": tokens[1],
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (openai(("0", "1s"), ("149984", "6m0s")), Limit("requests", 1)),
        (openai(("59", "1s"), ("0", "6m0s")), Limit("tokens", 360)),
        (openai(("0", "20ms"), ("7", "1s")), Limit("requests", 0.02)),
        (openai(("0", "2m59.56s"), ("7", "7.66s")), Limit("requests", 179.56)),
        (openai(("0", "1h2m3s"), ("7", "")), Limit("requests", 3723)),
        (openai(("0", "1d"), ("7", "")), Limit("requests", 86400)),
        (openai(("0", "1s"), ("0", "1m30s")), Limit("tokens", 90)),
        (openai(("1", "1s"), ("1", "1s")), None),
        (openai(("0", ""), ("0", "soon")), None),
        ({"x-ratelimit-remaining-tokens": "0"}, None),
        (
            {"x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "33011.382867"},
            Limit("requests day", 33011.382867),
        ),
        (
            {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": moment(30)},
            Limit("requests", 30),
        ),
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": moment(12),
                "anthropic-ratelimit-output-tokens-remaining": "8000",
                "anthropic-ratelimit-output-tokens-reset": moment(50),
            },
            Limit("input tokens", 12),
        ),
        (
            {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": moment(-3)},
            Limit("tokens", 0),
        ),
        (
            {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW * 1000 + 8000:.0f}"},
            Limit("requests", 8),
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 8:.0f}"}, Limit("requests", 8)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW - 8:.0f}"}, Limit("requests", 0)),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "8"}, Limit("requests", 8)),
        ({}, None),
    ],
)
def test_headers_of_each_vendor(headers: dict[str, str], expected: Limit | None) -> None:
    """Of the limits that are used up, the one that lasts longest counts, in any vendor's way to write a time."""
    found = exhausted(headers, NOW)
    assert (found and found.what) == (expected and expected.what)
    if found and expected:
        assert found.wait == pytest.approx(expected.wait)


@given(
    st.dictionaries(
        st.sampled_from([*openai(("", ""), ("", "")), "X-RateLimit-Remaining", "X-RateLimit-Reset", "retry-after"]),
        st.sampled_from(["0", "1e400", "-1", "nan", "0001-01-01", "9999-12-31T23:59:59Z"]) | st.text(),
    )
)
def test_no_header_confuses_it(headers: dict[str, str]) -> None:
    """Any text in these headers is a wait of no less than nothing, or none."""
    limit = exhausted(headers, NOW)
    assert limit is None or 0 <= limit.wait < 1e12


@given(st.integers(0, 10**4), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations(hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    """A duration is the sum of what it names."""
    text = f"{hours}h{minutes}m{seconds}.{thousandths:03}s"
    limit = exhausted(openai(("0", text), ("1", "")), NOW)
    assert limit
    assert limit.wait == pytest.approx(hours * 3600 + minutes * 60 + seconds + thousandths / 1000)


def refused(status: int = 429, retry_after: float | None = None) -> ProviderError:
    return ProviderError("busy", status=status, transient=True, retry_after=retry_after, hint="try again later")


def test_a_refusal_waits_for_its_limit() -> None:
    """Without a word on when to come back, that is when the limit is reset; the hint names the limit."""
    error = heed(refused(), openai(("9", "1s"), ("0", "42s")))
    assert (error.retry_after, error.hint) == (42, "no tokens are left: try again in 42 s")
    assert Retries().delay(1, error) == 42


def test_the_server_knows_better() -> None:
    """Where the server says when to come back, in a header or in words, it is that, and the limit a mere hint."""
    headers = openai(("0", "42s"), ("1", ""))
    error = heed(refused(), {**headers, "retry-after": "2"})
    assert (error.retry_after, error.hint) == (2, "no requests are left: try again in 2 s")
    assert heed(refused(retry_after=3), headers).retry_after == 3


def test_a_long_wait_is_the_users_decision() -> None:
    """A limit that lasts longer than our patience is told, and not waited for."""
    error = heed(refused(), openai(("0", "8h30m"), ("1", "")))
    assert error.hint == "no requests are left: try again in 8.5 h"
    assert Retries().delay(1, error) is None


@pytest.mark.parametrize("error", [refused(503), ProviderError("no money", status=429, hint="add credit")])
def test_other_refusals_have_nothing_to_do_with_limits(error: ProviderError) -> None:
    """A server that is overloaded, or wants money, says nothing by what is left of a limit."""
    hint = error.hint
    assert heed(error, openai(("0", "42s"), ("0", "42s"))).retry_after is None
    assert error.hint == hint


def test_limits_are_logged(tmp_path: Path) -> None:
    """Whoever looks for the reason of a wait finds it in the log."""
    program = f"""
from pathlib import Path
from agentctl import log
from agentctl.errors import ProviderError
from agentctl.providers.retries import heed
from agentctl.settings import LogSettings
log.setup(LogSettings(Path({str(tmp_path)!r}), level="DEBUG", format="json"))
heed(ProviderError("busy", status=429, transient=True), {openai(("0", "42s"), ("1", ""))})
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    (line,) = (json.loads(line) for path in tmp_path.glob("*.log") for line in path.read_text().splitlines())
    assert line["extra"] == {"limit": "requests", "seconds": 42.0, "status": 429}
