"""Sums up tables in CSV: what kind of values each column has, and how they are spread."""

import csv
import io
import statistics
from collections import Counter
from pathlib import Path

from componentize_py_types import Err
from wit_world import Column, Kind, Summary
from wit_world import WitWorld as World

DELIMITERS = ",;\t|"


class WitWorld(World):
    """The component's exports."""

    def summarize(self, csv: str, delimiter: str | None) -> Summary:
        """Sum up a table that is given as text."""
        return summarize(csv, delimiter)

    def summarize_file(self, path: str, delimiter: str | None) -> Summary:
        """Sum up a table in a file."""
        try:
            text = Path(path).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise Err(f"can't read {path}: {error}") from error
        return summarize(text.removeprefix("\ufeff"), delimiter)


def summarize(text: str, delimiter: str | None) -> Summary:
    """Sum up a table; its first line names the columns."""
    chosen = delimiter or _delimiter(text)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=chosen) if row]
    except (csv.Error, ValueError, TypeError) as error:
        raise Err(f"this is no CSV: {error}") from error
    if not lines:
        raise Err("the table is empty: its first line must name the columns")
    names, rows = lines[0], lines[1:]
    columns = [
        _column(name, [row[at].strip() if at < len(row) else "" for row in rows]) for at, name in enumerate(names)
    ]
    return Summary(len(rows), chosen, columns)


def _delimiter(text: str) -> str:
    """The delimiter that the first line has most of."""
    first = text.partition("\n")[0]
    return max(DELIMITERS, key=first.count)


def _column(name: str, cells: list[str]) -> Column:
    values = [cell for cell in cells if cell]
    numbers = _numbers(values)
    ordered = sorted(zip(numbers, values, strict=True)) if numbers else sorted((value, value) for value in values)
    counts = Counter(values)
    # `most_common` imports a module as it runs, and here are only those that were imported when this was built.
    commonest = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return Column(
        name=name.strip(),
        kind=_kind(values, numbers),
        present=len(values),
        missing=len(cells) - len(values),
        distinct=len(counts),
        least=ordered[0][1] if ordered else None,
        greatest=ordered[-1][1] if ordered else None,
        mean=statistics.fmean(numbers) if numbers else None,
        median=float(statistics.median(numbers)) if numbers else None,
        deviation=statistics.stdev(numbers) if len(numbers) > 1 else None,
        commonest=commonest if commonest[1] > 1 else None,
    )


def _numbers(values: list[str]) -> list[float]:
    """The values as numbers; none if one of them is not finite, or no number."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return []
    return numbers if all(abs(number) < float("inf") for number in numbers) else []


def _kind(values: list[str], numbers: list[float]) -> Kind:
    if not values:
        return Kind.EMPTY
    if not numbers:
        return Kind.TEXT
    whole = all(value.removeprefix("-").removeprefix("+").isdecimal() for value in values)
    return Kind.INTEGER if whole else Kind.NUMBER
