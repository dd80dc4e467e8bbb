"""A text is normalised slice by slice as it is in one."""

from __future__ import annotations

import unicodedata
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.tokens.slices import slices

WORDS = st.sampled_from(["The", " fox", "\n", "é", "日本", "1234", "e\u0301", "\u0301", "Ab", "한", "\u1100\u1161"])
TEXTS = st.lists(WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=60).map("".join)
FORMS: tuple[Literal["NFC", "NFKC"], ...] = ("NFC", "NFKC")


@given(TEXTS, st.integers(1, 20), st.sampled_from(FORMS))
def test_slices_normalise_like_the_text(text: str, size: int, form: Literal["NFC", "NFKC"]) -> None:
    """Each slice by itself becomes what it is in the whole text."""
    found = list(slices(text, size))
    assert "".join(found) == text
    assert "".join(unicodedata.normalize(form, part) for part in found) == unicodedata.normalize(form, text)
