"""Where in a file a text may have been meant that is not in it."""

from __future__ import annotations

from collections.abc import Sequence

_SEARCHED = 5000  # lines; each takes up to a millisecond
_COMPARED = 200  # characters of a line
_ALIKE = 0.6


def nearest(text: str, wanted: str) -> str:
    """Say which lines of the text come closest to what is wanted, as a hint."""
    lines, sought = text.split("\n"), wanted.strip("\r\n").split("\n")
    bare, wanted_bare = _all_bare(lines), _all_bare(sought)
    found = bare.find(wanted_bare) if wanted_bare.strip() else -1
    if found >= 0:
        index = bare.count("\n", 0, found)
        return f"line {index + 1} differs from it in white space only: {_quoted(lines[index])}"
    place = _most_alike(lines, max(sought, key=len, default=""))
    if place is not None:
        return f"the closest is line {place + 1}: {_quoted(lines[place])}"
    return "read the file again"


def _most_alike(lines: Sequence[str], wanted: str) -> int | None:
    from difflib import SequenceMatcher  # noqa: PLC0415 - only where an edit failed

    matcher = SequenceMatcher(None, "", wanted.strip()[:_COMPARED], autojunk=False)
    best = _ALIKE
    place: int | None = None
    for index, line in enumerate(lines[:_SEARCHED]):
        matcher.set_seq1(line.strip()[:_COMPARED])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, place = ratio, index
    return place


def _all_bare(lines: Sequence[str]) -> str:
    return "\n".join(["", *map(_bare, lines), ""])


def _bare(line: str) -> str:
    return "".join(line.split())


def _quoted(line: str) -> str:
    return repr(line[:_COMPARED])
