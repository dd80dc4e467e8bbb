"""Which of a provider's rate limits is used up, and until when, by the headers of its answer. Pure.

Sources: https://platform.openai.com/docs/guides/rate-limits (durations such as `6m0s` and `20ms`, as Groq's, too);
https://platform.claude.com/docs/en/api/rate-limits (moments of RFC 3339); https://openrouter.ai/docs/api-reference/limits
(milliseconds since 1970); https://inference-docs.cerebras.ai/support/rate-limits (seconds).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

# Patterns are made of these when something failed, and not for each program that starts.
_REMAINING = r"(?:x-)?ratelimit-remaining-?(?P<what>.*)|anthropic-(?:ratelimit|priority)-(?P<that>.+)-remaining"
_DURATION = (
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{0,9})?)s)?(?:(\d{1,9}(?:\.\d{0,9})?)ms)?"
)
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)  # seconds
_DATES = 1e8  # from here on a number of seconds is a moment, and no wait: nobody waits for three years
_MILLISECONDS = 1e11  # and from here on it counts milliseconds


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that is used up: of what ("requests", "input tokens"), and for how many seconds."""

    what: str
    wait: float


def exhausted(headers: Mapping[str, str], now: float) -> Limit | None:
    """Return the limit of which nothing remains, that which lasts longest; None if the headers name none.

    Args:
        headers: of an answer.
        now: seconds since 1970.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    found = []
    for name, value in lower.items():
        if (match := re.fullmatch(_REMAINING, name)) and _number(value) == 0:
            wait = _wait(lower.get(name.replace("remaining", "reset"), ""), now)
            if wait is not None:
                found.append(Limit((match["what"] or match["that"] or "requests").replace("-", " "), wait))
    return max(found, key=lambda limit: limit.wait, default=None)


def _wait(text: str, now: float) -> float | None:
    """Seconds until a limit is reset: a duration, or a moment."""
    number = _number(text)
    if number is not None:
        moment = number / 1000 if number >= _MILLISECONDS else number
        return max(0.0, moment - now) if number >= _DATES else number
    if text and (match := re.fullmatch(_DURATION, text)):
        return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
    return _until(text, now)


def _until(text: str, now: float) -> float | None:
    from datetime import datetime  # noqa: PLC0415 - seldom needed

    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number >= 0 and math.isfinite(number) else None
