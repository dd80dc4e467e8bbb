"""The words by which a text is found: in one form for all databases, so that they find the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from agentctl.messages import Attachment, Message, Summary, Text, ToolCall, ToolResult

_LONGEST = 64  # characters of a word that count
_MOST = 200_000  # characters of a message that are looked at
_WORD = re.compile(r"[^\W_]+")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}
# Scripts without blanks between words: each character is a word, and a word that is looked for a sequence of them.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PARTS = re.compile(f"[{_UNSPACED}]|[^{_UNSPACED}]+")


def words(text: str) -> list[str]:
    """Return the words of a text, in order: lower case, without accents, and a blank never in one."""
    if text.isascii():  # nearly all texts, in a tenth of the time
        found = text.lower().translate(_BLANKS).split()
        return found if max(map(len, found), default=0) <= _LONGEST else [word[:_LONGEST] for word in found]
    return [part for match in _WORD.finditer(_folded(text)) for part in _apart(match[0])]


def words_of(message: Message) -> str:
    """Return what a message is found by: words with blanks between them."""
    return " ".join(words(looked_at(message)))


def looked_at(message: Message) -> str:
    """Return the text of a message whose words it is found by."""
    return "\n".join(_texts(message))[:_MOST]


def places(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a text as `words` does, each with where it begins and ends in the text."""
    folded, origin = _traced(text)
    return [
        (part, origin[start], origin[start + len(part) - 1] + 1)
        for match in _WORD.finditer(folded)
        for part, start in _parts(match[0], match.start())
    ]


def _texts(message: Message) -> Iterator[str]:
    for part in message.parts:
        match part:
            case Text(text) | Summary(text):
                yield text
            case ToolCall(_, name, arguments):
                yield f"{name} {arguments}"
            case ToolResult(_, content):
                yield content
            case Attachment(name):
                yield name
                if part.is_text:
                    yield part.data.decode(errors="replace")


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Twice: a letter in another form, like a mathematical one, has no small one before it is in the usual form.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))


def _traced(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and of each of its characters the place of the one in `text` that it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    folded = [(one, place) for place, character in enumerate(text) for one in _folded(character)]
    return "".join(one for one, _ in folded), [place for _, place in folded]


def _apart(word: str) -> Iterable[str]:
    if word.isascii():
        return (word[:_LONGEST],)
    return (part for part, _ in _parts(word, 0))


def _parts(word: str, start: int) -> Iterator[tuple[str, int]]:
    """The words in a run of letters that begins at `start`, each with its own start."""
    for match in _PARTS.finditer(word):
        yield match[0][:_LONGEST], start + match.start()
