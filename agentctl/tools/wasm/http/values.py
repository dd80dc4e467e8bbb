"""Values of the component model that Python has no word for.

The others are what they look like: numbers, `str` (also for an enum), `bytes` for a list of u8, `list`, `tuple`, a
`dict` for a record, a `frozenset` for flags, None for an option without a value and the plain value for one with it. A
handle is the Python object behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ok:
    """The good case of a result."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Err:
    """The bad case of a result."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a variant, by its name."""

    name: str
    value: Any = None
