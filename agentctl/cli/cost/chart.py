"""What was spent day by day, as bars in a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence

from agentctl.cli.cost.tables import Lines, cells
from agentctl.cli.render import styled
from agentctl.economy.totals import total

_COLUMNS = ("day", "calls", "in", "cached", "out", "cost")
_CHOICES = ((0, 1, 2, 3, 4, 5), (0, 1, 2, 4, 5), (0, 1, 5), (0, 5))  # of columns: the first that leaves room for bars
_LEAST = 10  # characters that a bar needs to tell much
_GAP = "  "
_BLOCKS = ("█", *"▏▎▍▌▋▊▉")  # a whole character, and 1/8 to 7/8 of one
_SIGNS = ("#",)
_COLOUR, _RESET = "\x1b[36m", "\x1b[0m"


def print_chart(days: Lines) -> None:
    """Print a line for each day that has calls, and the sum.

    A bar is as long as its day was dear, or busy if all was free. Where the terminal is narrow, columns give way to the
    bars, and at last the bars too.
    """
    lines = [line for _, line in days]
    sums = total(lines)
    rows = [_COLUMNS, *((str(day), *cells(line)) for day, line in days), ("total", *cells(sums))]
    width = shutil.get_terminal_size().columns - 1  # some terminals wrap a line that fills them
    texts, room = _fit(rows, width)
    bars = _bars([line.known if sums.known else line.calls for line in lines], room)
    sys.stdout.writelines(f"{text}{bar}".rstrip() + "\n" for text, bar in zip(texts, ("", *bars, ""), strict=True))


def _fit(rows: Sequence[Sequence[str]], width: int) -> tuple[list[str], int]:
    """Return the rows as text, and how many characters are left for a bar behind each."""
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for choice in _CHOICES:
        room = width - sum(sizes[column] + len(_GAP) for column in choice)
        if room >= _LEAST:
            break
    return [_text(row, sizes, choice) for row in rows], room if room >= _LEAST else 0


def _text(row: Sequence[str], sizes: Sequence[int], choice: Iterable[int]) -> str:
    padded = (row[column].rjust(sizes[column]) if column else row[column].ljust(sizes[column]) for column in choice)
    return "".join(f"{cell}{_GAP}" for cell in padded)


def _bars(sizes: Sequence[int], room: int) -> Iterable[str]:
    """A bar for each size, the largest of `room` characters; what is not nothing shows."""
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    full, *parts = _BLOCKS if is_utf8 and os.environ.get("TERM") != "dumb" else _SIGNS
    steps = len(parts) + 1
    most = max(sizes, default=0)
    before, after = (_COLOUR, _RESET) if styled(sys.stdout) else ("", "")
    for size in sizes:
        length = max(1, size * room * steps // most) if size > 0 and room else 0
        whole, part = divmod(length, steps)
        bar = full * whole + (parts[part - 1] if part else "")
        yield f"{before}{bar}{after}" if bar else ""
