"""A long text has as many tokens as its pieces have together, and is normalised slice by slice as it is in one."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.tokens.encodings import Encoding, lengths
from agentctl.economy.tokens.pieces import LONG, pieces, slices

WORDS = st.sampled_from(
    ["The", " fox", "'s", " ", "  ", "\n", "\r\n", "\t", "/", "...", "é", "日本", "1234", "e\u0301", "Ab"]
)
TEXTS = st.lists(WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=60).map("".join)
ENCODINGS: tuple[Encoding, ...] = ("cl100k_base", "o200k_base")


@given(TEXTS, st.integers(1, 20))
def test_pieces_have_the_tokens_of_the_text(text: str, size: int) -> None:
    """Wherever it is cut, nothing is lost, and the tokens of the pieces are those of the text, in both vocabularies."""
    found = list(pieces(text, size))
    assert "".join(found) == text
    for encoding in ENCODINGS:
        assert sum(lengths(found, encoding) or ()) == sum(lengths([text], encoding) or ()), found


@given(TEXTS, st.integers(1, 20), st.sampled_from(["NFC", "NFKC"]))
def test_slices_normalise_like_the_text(text: str, size: int, form: str) -> None:
    """Each slice by itself becomes what it is in the whole text."""
    found = list(slices(text, size))
    assert "".join(found) == text
    normalised = [unicodedata.normalize(form, part) for part in found]  # type: ignore[arg-type]
    assert "".join(normalised) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_long_texts_are_cut() -> None:
    """A text of words is cut near each limit, one without any is not cut, and both count like many short ones."""
    words, none = "The quick brown fox " * 50_000, "-" * 1_000_000
    assert len(list(pieces(words))) == len(words) // LONG + 1
    assert list(pieces(none)) == [none]
    line = "The quick brown fox\n"
    assert lengths([line * 50_000], "o200k_base") == [50_000 * (lengths([line], "o200k_base") or [0])[0]]
