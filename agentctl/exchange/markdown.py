"""Exports sessions as Markdown, to read. What was said stays as it was said: most of it is Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentctl.exchange.transcript import Line, Transcript, harmless
from agentctl.messages import Attachment, Message, Summary, Text, Thinking, ToolCall, ToolResult, Unknown

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")
_FENCE = re.compile(r"`{3,}")
_SIGNS = 3


def export(transcripts: Iterable[Transcript]) -> Iterator[bytes]:
    """Return the document, piece by piece."""
    for number, transcript in enumerate(transcripts):
        yield ("\n" if number else "").encode() + _encoded(
            f"# {escaped(transcript.title)}\n\n{escaped(transcript.facts)}\n"
        )
        for line in transcript.lines:
            yield _encoded(_said(line))


def escaped(text: str) -> str:
    """The text in one line, with nothing in it that Markdown takes for markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _said(line: Line) -> str:
    heading = f"\n## {escaped(line.heading)}\n"
    if isinstance(line.message, str):
        return f"{heading}\n*{escaped(line.message)}*\n"
    return heading + "".join(f"\n{part}\n" for part in _parts(line.message))


def _parts(message: Message) -> Iterator[str]:
    for part in message.parts:
        match part:
            case Text(text) if text:
                yield text
            case Thinking(text) if text:
                yield "\n".join(f"> {line}" for line in text.splitlines())
            case ToolCall(_, name, arguments):
                yield f"Called {escaped(name)}:\n\n{fenced(arguments)}"
            case ToolResult(_, content, is_error):
                yield f"{'Failed' if is_error else 'Result'}:\n\n{fenced(content)}"
            case Attachment(name, media_type, data):
                yield f"Attached: {escaped(name)} ({escaped(media_type)}, {len(data)} bytes)"
            case Summary(text):
                yield f"Summary of what was said before:\n\n{text}"
            case Unknown():
                yield f"A part that this version does not know: {escaped(part.kind)}"


def fenced(text: str) -> str:
    """The text as a block of code that ends where the text does."""
    longest = max((len(found[0]) for found in _FENCE.finditer(text)), default=_SIGNS - 1)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _encoded(text: str) -> bytes:
    return harmless(text.replace("\r\n", "\n")).encode()
