"""The days of a clock, which may be set forward and back at midnight."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

_SECOND = 1_000_000  # µs
_LONGEST_MONTH = 31  # days


def day_of(moment: int, zone: tzinfo | None) -> tuple[date, int]:
    """Return the day of a moment, and when it ends. A day that a clock set back repeats comes in two parts.

    Args:
        moment: in µs since the epoch, as is the end.
        zone: where days begin and end; None for this machine's own time.
    """
    day = datetime.fromtimestamp(moment // _SECOND, zone).date()
    return day, _midnight(day + timedelta(days=1), moment, zone)


def month_of(moment: int, zone: tzinfo | None) -> tuple[date, int]:
    """Return the first day of a moment's calendar month, and when the month ends; see `day_of`."""
    first = datetime.fromtimestamp(moment // _SECOND, zone).date().replace(day=1)
    following = (first + timedelta(days=_LONGEST_MONTH)).replace(day=1)
    return first, _midnight(following, moment, zone)


def start_of(day: date, zone: tzinfo | None) -> int:
    """Return the moment a day begins; the first of two where a clock is set back over it."""
    return int(datetime.combine(day, time(), zone).timestamp()) * _SECOND


def _midnight(day: date, after: int, zone: tzinfo | None) -> int:
    """The moment `day` begins, after the moment `after` of the day before: a clock set back at night repeats it."""
    midnights = (datetime.combine(day, time(fold=fold), zone).timestamp() for fold in (0, 1))
    return next(moment for midnight in midnights if (moment := int(midnight) * _SECOND) > after)
