"""A learning curve in a terminal, of braille dots, or of one row of letters where there are none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_ROWS, _WIDEST = 6, 72  # characters
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of a character's two columns, from the top
_BLANK = 0x2800
_LETTERS = "_.-=+*#@"


def curve(values: Sequence[float]) -> str:
    """The values from left to right, with the least and the greatest beside them."""
    if not values:
        return "no episode ended"
    low, high = min(values), max(values)
    labels = [f"{high:.4g}", f"{low:.4g}"]
    margin = max(map(len, labels)) + 1
    width = max(1, min(_WIDEST, shutil.get_terminal_size().columns - margin - 1))
    if sys.stderr.encoding.lower().replace("-", "") != "utf8":
        heights = _heights(values, width, len(_LETTERS))
        return f"{labels[1]} {''.join(_LETTERS[height] for height in heights)} {labels[0]}"
    rows = _braille(_heights(values, 2 * width, 4 * _ROWS), width)
    edges = [labels[0], *[""] * (_ROWS - 2), labels[1]]
    return "\n".join(f"{edge:>{margin - 1}} {row}".rstrip() for edge, row in zip(edges, rows, strict=True))


def _heights(values: Sequence[float], columns: int, levels: int) -> list[int]:
    """For each column the mean of its part of the values, as a level from 0."""
    low, high = min(values), max(values)
    heights = []
    for column in range(columns):
        begin = column * len(values) // columns
        part = values[begin : max(begin + 1, (column + 1) * len(values) // columns)]
        share = (sum(part) / len(part) - low) / (high - low) if high > low else 0.5
        heights.append(min(levels - 1, int(share * levels)))
    return heights


def _braille(heights: Sequence[int], width: int) -> list[str]:
    cells = [[_BLANK] * width for _ in range(_ROWS)]
    for column, height in enumerate(heights):
        row = 4 * _ROWS - 1 - height
        cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
    return ["".join(map(chr, row)) for row in cells]
