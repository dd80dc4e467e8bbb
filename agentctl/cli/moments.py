"""Moments as users write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentctl.errors import UsageError

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def moment(text: str) -> int:
    """Return the moment that a user means, in epoch µs.

    Args:
        text: a date or time as ISO 8601 has it, on this machine's clock where it names no zone; or so many days, hours
            or minutes ago, like `7d`.

    Raises:
        UsageError: it is neither.
    """
    number, unit = text[:-1], _UNITS.get(text[-1:])
    try:
        if unit and number.isdecimal():
            meant = datetime.now(UTC) - timedelta(**{unit: int(number)})
        else:
            meant = datetime.fromisoformat(text)
        return round(meant.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time", hint="write it like 2026-11-23, 2026-11-23T08:00, 7d, 12h or 30m"
        ) from error
