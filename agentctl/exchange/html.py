"""Exports sessions as one HTML file, to read: nothing is loaded or run by it, and all that was said is text in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from agentctl.exchange.transcript import Line, Transcript, harmless
from agentctl.messages import Attachment, Message, Summary, Text, Thinking, ToolCall, ToolResult, Unknown

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Conversations</title>
<style>
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
article { margin: 1.5rem 0; padding-left: 1rem; border-left: 3px solid #888; }
article.user { border-color: #2a7ae2; }
article.assistant { border-color: #2e9e5b; }
h2 { margin: 0; font-size: 0.85rem; font-weight: normal; opacity: 0.75; }
p { margin: 0.5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: 0.75rem; border-radius: 4px; background: rgb(128 128 128 / 15%); }
details { opacity: 0.75; }
img { max-width: 100%; }
</style>
</head>
<body>
"""
_BLOCK = re.compile(r"^(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})  # no SVG: it is a document


def export(transcripts: Iterable[Transcript]) -> Iterator[bytes]:
    """Return the document, piece by piece."""
    yield _HEAD.encode()
    for transcript in transcripts:
        yield f"<h1>{_text(transcript.title)}</h1>\n<p>{_text(transcript.facts)}</p>\n".encode()
        for line in transcript.lines:
            yield _said(line).encode()
    yield b"</body>\n</html>\n"


def _said(line: Line) -> str:
    told = line.message
    shown = f"<p><em>{_text(told)}</em></p>\n" if isinstance(told, str) else "".join(_parts(told))
    return f'<article class="{_text(line.role)}">\n<h2>{_text(line.heading)}</h2>\n{shown}</article>\n'


def _parts(message: Message) -> Iterator[str]:
    for part in message.parts:
        match part:
            case Text(text):
                yield from _prose(text)
            case Thinking(text) if text:
                yield f"<details><summary>Thinking</summary><p>{_text(text)}</p></details>\n"
            case ToolCall(_, name, arguments):
                yield f"<p>Called {_text(name)}:</p>\n{_code(arguments)}"
            case ToolResult(_, content, is_error):
                yield f"<p>{'Failed' if is_error else 'Result'}:</p>\n{_code(content)}"
            case Attachment():
                yield _attachment(part)
            case Summary(text):
                yield "<p>Summary of what was said before:</p>\n"
                yield from _prose(text)
            case Unknown():
                yield f"<p>A part that this version does not know: {_text(part.kind)}</p>\n"


def _prose(text: str) -> Iterator[str]:
    """The text with its blocks of code kept apart."""
    done = 0
    for found in _BLOCK.finditer(text):
        yield _paragraph(text[done : found.start()])
        yield _code(found[2].removesuffix("\n"))
        done = found.end()
    yield _paragraph(text[done:])


def _paragraph(text: str) -> str:
    return f"<p>{_text(text.strip(chr(10)))}</p>\n" if text.strip() else ""


def _code(text: str) -> str:
    return f"<pre><code>{_text(text)}</code></pre>\n"


def _attachment(part: Attachment) -> str:
    told = f"<p>Attached: {_text(part.name)} ({_text(part.media_type)}, {len(part.data)} bytes)</p>\n"
    if part.media_type not in _IMAGES:
        return told
    return f'{told}<p><img src="data:{part.media_type};base64,{part.base64}" alt="{_text(part.name)}"></p>\n'


def _text(text: str) -> str:
    return escape(harmless(text))
