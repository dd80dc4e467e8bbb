"""The days of a clock, which may be set forward and back at midnight."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

_SECOND = 1_000_000  # µs


def day_of(moment: int, zone: tzinfo | None) -> tuple[date, int]:
    """Return the day of a moment, and when it ends. A day that a clock set back repeats comes in two parts.

    Args:
        moment: in µs since the epoch, as is the end.
        zone: where days begin and end; None for this machine's own time.
    """
    day = datetime.fromtimestamp(moment // _SECOND, zone).date()
    return day, _midnight(day + timedelta(days=1), moment, zone)


def _midnight(day: date, after: int, zone: tzinfo | None) -> int:
    """The moment `day` begins, after the moment `after` of the day before: a clock set back at night repeats it."""
    midnights = (datetime.combine(day, time(fold=fold), zone).timestamp() for fold in (0, 1))
    return next(moment for midnight in midnights if (moment := int(midnight) * _SECOND) > after)
