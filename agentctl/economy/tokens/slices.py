"""Cuts texts where they can be normalised slice by slice. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ASCII = re.compile(r"[\x00-\x7f]")


def slices(text: str, size: int = 4096) -> Iterator[str]:
    """Yield the text in slices of `size` characters or some more, each but the first beginning with one of ASCII.

    So each can be normalised by itself: what comes before an ASCII character never joins with it
    (https://unicode.org/reports/tr15/).
    """
    start = 0
    while cut := _ASCII.search(text, start + size):
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]
