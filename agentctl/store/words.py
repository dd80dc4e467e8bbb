"""The words by which a text is found: in one form for all databases, so that they find the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from agentctl.messages import Attachment, Message, Summary, Text, ToolCall, ToolResult

_LONGEST = 64  # characters of a word that count
_MOST = 200_000  # characters of a message that are looked at
_WORD = re.compile(r"[^\W_]+")
# Scripts without blanks between words: each character is a word, and a word that is looked for a sequence of them.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def words(text: str) -> list[str]:
    """Return the words of a text, in order: lower case, without accents, and a blank never in one."""
    return [part for match in _WORD.finditer(_folded(text)) for part in _apart(match[0])]


def words_of(message: Message) -> str:
    """Return what a message is found by: words with blanks between them."""
    return " ".join(words("\n".join(_texts(message))[:_MOST]))


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
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))


def _apart(word: str) -> Iterable[str]:
    if word.isascii():
        return (word[:_LONGEST],)
    spaced = _UNSPACED.sub(lambda match: f" {match[0]} ", word)
    return (part[:_LONGEST] for part in spaced.split())
