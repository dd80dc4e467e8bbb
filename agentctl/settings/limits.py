"""When a log file is full and when an old one goes: "10 MB", "1 day", "10 files"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_Measure = Literal["bytes", "seconds", "files"]

_UNITS: dict[str, tuple[_Measure, int]] = {
    "b": ("bytes", 1),
    "kb": ("bytes", 10**3),
    "mb": ("bytes", 10**6),
    "gb": ("bytes", 10**9),
    "kib": ("bytes", 2**10),
    "mib": ("bytes", 2**20),
    "gib": ("bytes", 2**30),
    "second": ("seconds", 1),
    "minute": ("seconds", 60),
    "hour": ("seconds", 3_600),
    "day": ("seconds", 86_400),
    "week": ("seconds", 604_800),
    "file": ("files", 1),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What is reached first counts; None is no limit."""

    bytes: int | None = None
    seconds: int | None = None
    files: int | None = None


def rotation(text: str) -> Limit:
    """Read when a file is full: a size or an age, or both with a comma between them.

    Raises:
        ValueError: it is neither; the message says what is expected.
    """
    return _read(text, {"bytes", "seconds"}, 'a size or an age, as "10 MB", "1 day" or "10 MB, 1 day"')


def retention(text: str) -> Limit:
    """Read how long full files are kept: a count or an age, or both with a comma between them.

    Raises:
        ValueError: it is neither; the message says what is expected.
    """
    return _read(text, {"files", "seconds"}, 'a count or an age, as "10 files", "30 days" or "10 files, 30 days"')


def _read(text: str, allowed: set[_Measure], expected: str) -> Limit:
    found: dict[str, int] = {}
    for part in text.split(","):
        amount = re.fullmatch(r"\s*(0*[1-9][0-9]{0,8})\s*([a-z]+?)s?\s*", part, re.IGNORECASE)
        measure, factor = _UNITS.get(amount[2].lower(), (None, 0)) if amount else (None, 0)
        if amount is None or measure not in allowed or measure in found:
            raise ValueError(expected)
        found[measure] = int(amount[1]) * factor
    return Limit(**found)
