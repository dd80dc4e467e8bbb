"""What a change looks like: a unified diff, found in a time that stays bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import accumulate

_CONTEXT = 3
_LINES = 20_000  # on both sides together
_STEPS = 1_000_000  # of the comparison, which takes up to a cube of the lines that are alike; a quarter of a second


class _TooLong(Exception):  # noqa: N818 - nothing went wrong
    """The comparison would take too long."""


def unified(old: str, new: str, path: str, *, is_new: bool = False) -> str:
    """The unified diff of two texts; empty where they are the same."""
    before, after = lines_of(old), lines_of(new)
    if before == after:
        return ""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    removed, added = before[start : len(before) - end], after[start : len(after) - end]
    head = [f"--- {'/dev/null' if is_new else f'a/{path}'}\n", f"+++ b/{path}\n"]
    try:
        lines = [*(_compared if len(removed) + len(added) <= _LINES else _replaced)(before, after, start, end)]
    except _TooLong:
        lines = [*_replaced(before, after, start, end)]
    return "".join(_ended(line) for line in (*head, *lines))


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one, as for `read`, git and editors."""
    return list(StringIO(text, newline="\n"))


def _compared(before: Sequence[str], after: Sequence[str], start: int, end: int) -> Iterator[str]:
    """The hunks of what is between the common start and end."""
    first = max(0, start - _CONTEXT)
    old = before[first : len(before) - max(0, end - _CONTEXT)]
    new = after[first : len(after) - max(0, end - _CONTEXT)]
    for group in _groups(old, new):
        i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        yield _header(first + i1, i2 - i1, first + j1, j2 - j1)
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[a1:a2])
            else:
                yield from (f"-{line}" for line in old[a1:a2])
                yield from (f"+{line}" for line in new[b1:b2])


def _groups(old: Sequence[str], new: Sequence[str]) -> list[list[tuple[str, int, int, int, int]]]:
    """The changes in groups, as difflib finds them.

    Raises:
        _TooLong: it would take more than `_STEPS`. They are counted, not timed: the same texts have the same diff.
    """
    from difflib import Match, SequenceMatcher  # noqa: PLC0415 - only for what is looked at

    alike = Counter(new)
    steps = [0, *accumulate(1 + alike[line] for line in old)]
    left = _STEPS

    class Bounded(SequenceMatcher[str]):
        def find_longest_match(
            self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
        ) -> Match:
            nonlocal left
            left -= steps[len(old) if ahi is None else ahi] - steps[alo]
            if left < 0:
                raise _TooLong
            return super().find_longest_match(alo, ahi, blo, bhi)

    return list(Bounded(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT))


def _replaced(before: Sequence[str], after: Sequence[str], start: int, end: int) -> Iterator[str]:
    """One hunk that takes out all that differs and puts in the new."""
    first, trailing = max(0, start - _CONTEXT), min(end, _CONTEXT)
    old_end, new_end = len(before) - end, len(after) - end
    yield _header(first, old_end + trailing - first, first, new_end + trailing - first)
    yield from (f" {line}" for line in before[first:start])
    yield from (f"-{line}" for line in before[start:old_end])
    yield from (f"+{line}" for line in after[start:new_end])
    yield from (f" {line}" for line in before[old_end : old_end + trailing])


def _header(old: int, old_count: int, new: int, new_count: int) -> str:
    return f"@@ -{old + bool(old_count)},{old_count} +{new + bool(new_count)},{new_count} @@\n"


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = zip(before, after, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
