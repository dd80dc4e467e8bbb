"""A table of costs as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import sys

from agentctl.cli.cost.tables import Group, Lines, fields

_NUMBERS = ("cost_usd", "cost_known_usd", "reported_usd", "computed_usd", "drift_usd")
_FORMULA = "=+-@＝＋－＠"  # noqa: RUF001 - Excel takes the wide ones too


def print_sheet(by: Group, lines: Lines) -> None:
    """Print a table on stdout: exact dollars, and nothing in the place of what is unknown or was not reported.

    It has no line for the sum, which would be counted twice.
    """
    sheet = csv.writer(sys.stdout, lineterminator="\r\n")
    usage = ("uncached_input", "cache_read", "cache_write_short", "cache_write_long", "output")
    sheet.writerow((by.field, "calls", "unknown_calls", *usage, *_NUMBERS))
    for key, line in lines:
        told = fields(line)
        numbers = (told.get(name) for name in _NUMBERS)
        sheet.writerow((_text(key), line.calls, line.unknown_calls, *told["usage"].values(), *numbers))


def _text(cell: str | None) -> str | None:
    """The cell as text: a spreadsheet runs what looks like a formula, also behind white space.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{cell}" if cell and (cell[0] in _FORMULA or cell[0].isspace()) else cell
