"""Whether and when a failed request is sent again."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from agentctl import log
from agentctl.errors import ProviderError
from agentctl.providers.limits import exhausted
from agentctl.transport import SilenceError

_HOUR = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential backoff with jitter, unless the server says when.

    Args:
        attempts: how often a request is sent at most, the first time included.
        first: seconds before the second attempt; doubled for each one after.
        longest: the most seconds that doubling leads to.
        patience: the longest wait that a server may ask for; where it asks for more, waiting is the user's decision.
    """

    attempts: int = 3
    first: float = 0.5
    longest: float = 8.0
    patience: float = 60.0

    def delay(self, attempt: int, error: ProviderError) -> float | None:
        """Seconds to wait after `attempt` (the first is 1) failed with `error`, or None to give up.

        A server that had the whole request is asked again only if it refused it: else it may be at work on it, or
        have done it, and would bill for each. Nor is a silent one, for the user has waited long.

        Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
        """
        if attempt >= self.attempts or not error.transient or error.billable or isinstance(error, SilenceError):
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.patience else None
        ceiling = min(self.longest, self.first * (1 << (attempt - 1)))
        return ceiling * random.uniform(0.5, 1)  # noqa: S311 - it spreads load and guards nothing


def heed(error: ProviderError, headers: Mapping[str, str]) -> ProviderError:
    """Put into `error` what the headers of a refusal say about trying again, and return it.

    Where they do not say when, that is as soon as the limit is reset which the request has met.
    """
    if (seconds := _retry_after(headers)) is not None:
        error.retry_after = seconds
    elif error.status == HTTPStatus.PAYMENT_REQUIRED:
        error.transient = False  # OpenRouter says when a budget that is in use becomes free; else it does not
    if (advice := headers.get("x-should-retry")) in ("true", "false"):
        error.transient = advice == "true"
    limit = exhausted(headers, time.time()) if error.status == HTTPStatus.TOO_MANY_REQUESTS else None
    if limit:
        log.debug("a rate limit is used up", limit=limit.what, seconds=round(limit.wait, 3), status=error.status)
    if limit and error.transient and error.retry_after is None:
        error.retry_after = limit.wait
    if error.transient and error.retry_after:
        cause = f"no {limit.what} are left: " if limit else ""
        error.hint = f"{cause}try again in {_span(error.retry_after)}"
    return error


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds <= _HOUR else f"{seconds / _HOUR:.1f} h"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` (OpenAI, Anthropic) or `Retry-After` (RFC 9110, section 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return seconds if seconds is not None or value is None else _seconds_until(value)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None


def _seconds_until(date: str) -> float | None:
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - seldom needed, slow to load

    parsed = parsedate_tz(date)
    return None if parsed is None else max(0.0, mktime_tz(parsed) - time.time())
