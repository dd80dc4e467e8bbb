"""Counts tokens with OpenAI's vocabularies, which lie in the wheel of toktok-rs.

Where that can't be imported, tiktoken counts, but only if its files of ranks are on this machine already: agentctl
never makes it fetch them. Both are loaded by the first count, which takes up to half a second.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Literal

Encoding = Literal["cl100k_base", "o200k_base"]
Counter = Callable[[Sequence[str]], list[int]]

_PIECE = 100_000  # characters
_GAP = r"[A-Za-z](?=[\x00-&(-@\[-`{-\x7f])"  # before ASCII that is neither a letter nor an apostrophe

# Where tiktoken has its ranks from, and the SHA-256 that it wants of them (tiktoken_ext/openai_public.py).
_SOURCE = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_SUMS: dict[Encoding, str] = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def lengths(texts: Sequence[str], encoding: Encoding) -> list[int] | None:
    """Return the tokens of each text, None if nothing here can count.

    What looks like a special token counts as the text that it is. Half a surrogate pair counts as U+FFFD, which is sent
    in its place. Long texts are counted in pieces, on all processors.
    """
    counter = _counter(encoding)
    if counter is None:
        return None
    try:
        return counter(texts)
    except UnicodeEncodeError:
        return counter([*map(_whole, texts)])


def count_text(text: str, encoding: Encoding = "o200k_base") -> int | None:
    """Return the tokens of one text, None if nothing here can count."""
    counted = lengths([text], encoding)
    return None if counted is None else counted[0]


def ranks_file(encoding: Encoding) -> Path | None:
    """Where tiktoken looks for its ranks before it fetches them; None if it would not look, but fetch."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL
    import tempfile  # noqa: PLC0415 - loads random

    chosen = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    directory = Path(tempfile.gettempdir(), "data-gym-cache") if chosen is None else Path(chosen)
    name = hashlib.sha1(_SOURCE.format(encoding).encode(), usedforsecurity=False).hexdigest()
    return None if chosen == "" else directory / name


@functools.cache
def _counter(encoding: Encoding) -> Counter | None:
    try:
        import toktok  # noqa: PLC0415 - loads 8 MB
    except ImportError:
        return _reference(encoding)

    def counter(texts: Sequence[str]) -> list[int]:
        pieces = [_pieces(text) for text in texts]
        counted = iter(toktok.batch_count([*chain.from_iterable(pieces)], encoding))
        return [sum(islice(counted, len(each))) for each in pieces]

    return counter


def _pieces(text: str) -> list[str]:
    """Cut a long text where no token can reach over, for all cores to count at once.

    In the patterns of both encodings a run of letters ends where none follows, but for marks that are not ASCII and the
    likes of 's; and what begins there does not depend on what was before.
    """
    cuts, end = [0], len(text)
    while end - cuts[-1] > 2 * _PIECE and (gap := re.compile(_GAP).search(text, cuts[-1] + _PIECE)):
        cuts.append(gap.end())
    return [text[start:stop] for start, stop in pairwise((*cuts, end))]


def _reference(encoding: Encoding) -> Counter | None:
    """Tiktoken's count, if it needs no network for it: it fetches a file that is not there, and one that is broken."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL

    path = ranks_file(encoding)
    try:
        if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != _SUMS[encoding]:
            return None
        import tiktoken  # noqa: PLC0415 - loads requests
    except (OSError, ImportError):
        return None
    known = tiktoken.get_encoding(encoding)
    return lambda texts: [len(known.encode_ordinary(text)) for text in texts]


def _whole(text: str) -> str:
    """The text with lone halves of surrogate pairs replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
