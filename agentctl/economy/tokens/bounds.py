"""The most tokens that a text can have, told from its characters alone, in about a millisecond for 100 KB.

A vocabulary that falls back to bytes never makes more tokens of a text than the text has bytes of UTF-8, as the
tokenizer sees it: some normalise the text first (NFC for Qwen and Claude, NFKC for older ones), and SentencePiece puts
a space before it. In all vocabularies that could be looked at, a run of spaces takes far fewer.

Claude's newer tokenizers are not of that kind. As measured by ctok (https://github.com/sanderland/ctok), they write
words in lower case between marks for their beginning, their end, and capitals. A word of ASCII letters takes no more
tokens than letters all the same, and one more for each capital; any other character may take all its bytes and marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agentctl.economy.tokens.slices import slices

_CAPITALS = bytes(range(ord("A"), ord("Z") + 1))
_NOT_CAPITALS = bytes(byte for byte in range(256) if byte not in _CAPITALS)
_SPACES = (b" " * 8, b" " * 3), (b" " * 4, b" " * 2)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of how a tokenizer goes about a text.

    Args:
        forms: the normal forms that it may bring the text into first.
        spaces: whether runs of spaces are known to be in its vocabulary.
        marks: whether it marks words and capitals, as Claude's do.
    """

    forms: tuple[Literal["NFC", "NFKC"], ...] = ("NFC",)
    spaces: bool = True
    marks: bool = False


KNOWN = Rule()
CLAUDE = Rule(marks=True)
UNKNOWN = Rule(forms=("NFC", "NFKC"), spaces=False)

# Letters of one script make one word: Latin, Greek, Cyrillic, Hebrew, Arabic, Kana, Han, Hangul.
_LETTERS = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f",
    "\u03ac-\u03ce",
    "\u0400-\u0481",
    "\u05d0-\u05ea",
    "\u0620-\u063f\u0641-\u064a",
    "\u3041-\u3096",
    "\u30a1-\u30fa",
    "\u4e00-\u9fff",
    "\uac00-\ud7a3",
)

_PREFIX = 2  # a space, or two marks


def most(text: str, rule: Rule) -> int:
    """Return a number of tokens that the text can't exceed."""
    if not text:
        return 0
    raw = text.encode("utf-8", "surrogatepass")
    size = len(raw) + _PREFIX
    if not text.isascii():
        size += max(0, *(_growth(text, form) for form in rule.forms))
    if rule.marks:
        size += len(raw.translate(None, _NOT_CAPITALS)) + (0 if text.isascii() else _marks(text))
    return size - (_saved(raw) if rule.spaces else 0)


def _growth(text: str, form: Literal["NFC", "NFKC"]) -> int:
    """By how many bytes the text is longer once it is normalised, which changes nothing where all is ASCII."""
    import unicodedata  # noqa: PLC0415 - a megabyte that ASCII does not need

    foreign = "".join(part for part in slices(text) if not part.isascii())
    return _size(unicodedata.normalize(form, foreign)) - _size(foreign)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _saved(raw: bytes) -> int:
    """How many tokens fewer than spaces there are at least: in a run, the last may belong to what follows."""
    left = raw
    for run, tokens in _SPACES:
        left = left.replace(run, tokens)
    return len(raw) - len(left)


def _marks(text: str) -> int:
    """The marks around what is not ASCII: two around a word, and three with every capital and every other sign.

    The small letter of a capital may take a byte more, too.
    """
    foreign = re.sub(r"[\x00-\x7f]+", " ", text)
    words = [word for letters in _LETTERS for word in re.findall(f"[{letters}]+", foreign)]
    spelt = "".join(words)
    capitals = sum(spelt.count(letter) for letter in set(spelt) if letter.lower() != letter)
    others = len(foreign) - foreign.count(" ") - len(spelt)
    return 2 * len(words) + 3 * (capitals + others)
