"""Which row of the catalog's data a model's name means. Pure.

The rules are those of genai-prices, whose data they come with: the first row with a rule that fits counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentctl.economy.cards import Row

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_DIGITS = re.compile(r"-\d{8}$")
_COMPACT = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=[-:]|$)")
_RULES = {"starts_with", "ends_with", "contains", "dated", "compact", "regex", "all"}
_NONE: Row = {}


class Names:
    """The rows of a provider, found by any name of a model."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = [*rows]
        self._exact: dict[str, int] = {}
        for number, row in enumerate(self._rows):
            for name in row.get("equals", ()):
                self._exact.setdefault(name, number)
        self._ruled = [(number, row) for number, row in enumerate(self._rows) if row.keys() & _RULES]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def find(self, model: str) -> Row:
        """Return the row of a model, in lower case, or an empty one.

        Routers write the date of a snapshot without dashes (`gpt-5.2-20251211`); a name that fits no row is tried so
        too.
        """
        return self._find(model) or (self._find(spaced) if (spaced := dashed(model)) != model else _NONE)

    def _find(self, model: str) -> Row:
        exact = self._exact.get(model)
        for number, row in self._ruled:
            if exact is not None and number >= exact:
                break
            if fits(row, model):
                return row
        return _NONE if exact is None else self._rows[exact]


def dashed(model: str) -> str:
    """Return a model's name with the dates in it as vendors write them."""
    return _COMPACT.sub(r"-\1-\2-\3", model)


def stem(model: str) -> str:
    """Return the name of a snapshot's model; that of a model is its own."""
    return _SNAPSHOT.sub("", model)


def fits(row: Row, model: str) -> bool:
    """Whether any rule of the row fits the name."""
    return (  # a row has one rule or two, and long lists ask thousands of times: what is not there costs one look
        ("equals" in row and model in row["equals"])
        or ("starts_with" in row and model.startswith(tuple(row["starts_with"])))
        or ("ends_with" in row and model.endswith(tuple(row["ends_with"])))
        or ("contains" in row and any(part in model for part in row["contains"]))
        or ("dated" in row and _SNAPSHOT.search(model) is not None and stem(model) in row["dated"])
        or ("compact" in row and _DIGITS.search(model) is not None and _DIGITS.sub("", model) in row["compact"])
        or ("regex" in row and any(re.search(pattern, model) for pattern in row["regex"]))
        or ("all" in row and any(all(fits(rule, model) for rule in rules) for rules in row["all"]))
    )
