"""Cuts long texts where no token can lie across the cut, so that several processors count them at once. Pure.

Both of OpenAI's vocabularies first cut a text into words and the like (by patterns in tiktoken_ext/openai_public.py).
No pattern goes on from a letter to a blank before a letter, nor from the end of a line to a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONG = 1 << 18
"""Characters of a piece, which are counted in some 5 ms."""

_CUT = re.compile(r"(?<=[A-Za-z])(?= [A-Za-z])|(?<=\n)(?=[A-Za-z])")

_ASCII = re.compile(r"[\x00-\x7f]")


def pieces(text: str, size: int = LONG) -> Iterator[str]:
    """Yield the text in pieces of about `size` characters, or many times that, whose tokens are those of the text.

    Cuts are looked for near the end of each piece alone: to look through all of a text without any takes too long.
    """
    start = 0
    for at in range(size, len(text), size):
        if cut := _CUT.search(text, max(at, start), at + max(size // 16, 8)):
            yield text[start : cut.start()]
            start = cut.start()
    yield text[start:]


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
