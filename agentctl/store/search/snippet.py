"""A piece of a message that shows why it was found."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.store.search.query import Query
from agentctl.store.words import places

_BEFORE = 40  # characters of it before the first word that was found
_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, and where in it the words are that were looked for: from, up to."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet(text: str, query: Query) -> Snippet | None:
    """Return the piece of a text with the most of what is looked for; None if the text is not what is looked for."""
    found = places(text)
    said = [word for word, _, _ in found]
    if not query.matches(said):
        return None
    marks = sorted(
        {
            (found[place][1], found[place + len(term.words) - 1][2], number)
            for number, term in enumerate(query.wanted)
            for place in term.found_in(said)
        }
    )
    return _cut(text, marks)


def _cut(text: str, marks: list[tuple[int, int, int]]) -> Snippet:
    first = _best(marks)
    start = _blank_after(text, first - _BEFORE, first)
    end = start + _LENGTH
    inside = _merged([(at - start, min(until, end) - start) for at, until, _ in marks if start <= at < end])
    piece = "".join(" " if one.isspace() else one for one in text[start:end])
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return Snippet(f"{before}{piece}{after}", tuple((at + len(before), until + len(before)) for at, until in inside))


def _best(marks: list[tuple[int, int, int]]) -> int:
    """Where to begin so that most of the terms are shown."""
    most, best, end = 0, marks[0][0], 0
    for number, (at, _, _) in enumerate(marks):
        end = max(end, number)
        while end < len(marks) and marks[end][0] < at + _LENGTH - _BEFORE:
            end += 1
        if (terms := len({term for _, _, term in marks[number : min(end, number + _LENGTH)]})) > most:
            most, best = terms, at
    return best


def _blank_after(text: str, start: int, limit: int) -> int:
    """Where a word begins, at `start` or later but before `limit`."""
    if start <= 0:
        return 0
    blanks = (place + 1 for place in range(start, limit) if text[place].isspace())
    return next(blanks, start)


def _merged(marks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for at, until in marks:
        if merged and at <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(until, merged[-1][1])
        else:
            merged.append((at, until))
    return merged
