"""What a text file is made of besides its text: a byte order mark, its line ends, and an encoding we can write."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from agentctl.errors import ToolError

_LONE_LF = re.compile(r"(?<!\r)\n")
_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x00asm", "WebAssembly"),
    (codecs.BOM_UTF16_LE, "UTF-16 text"),
    (codecs.BOM_UTF16_BE, "UTF-16 text"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text with line feeds only where `crlf` is true, and without the mark that `bom` tells of.

    Where line ends are mixed, the text is as the file has it, and `crlf` is false.
    """

    text: str
    bom: bool = False
    crlf: bool = False

    def encoded(self) -> bytes:
        """The file's bytes."""
        text = self.text.replace("\n", "\r\n") if self.crlf else self.text
        return (codecs.BOM_UTF8 if self.bom else b"") + text.encode()

    def like(self, text: str) -> Text:
        """Another text in the same form: what a model writes has line feeds, whatever the file has."""
        text = text.removeprefix("\ufeff")
        return Text(text.replace("\r\n", "\n") if self.crlf else text, self.bom, self.crlf)


def decode(data: bytes, shown: str) -> Text:
    """Take a text file apart so that `encoded` brings back every byte.

    Raises:
        ToolError: it is not UTF-8, or not text.
    """
    if kind := binary_kind(data):
        raise ToolError(f"{shown} is {kind}, not text", reason="invalid")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ToolError(f"{shown} is not UTF-8: byte {error.start} does not fit", reason="invalid") from error
    bom = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")
    crlf = "\r\n" in text and not _LONE_LF.search(text) and "\r" not in text.replace("\r\n", "")
    return Text(text.replace("\r\n", "\n") if crlf else text, bom, crlf)


def encode(text: str) -> bytes:
    """The bytes of a new file.

    Raises:
        ToolError: the text has halves of characters, which no encoding has.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ToolError("the text has half a surrogate pair, which UTF-8 can't hold", reason="invalid") from error


def binary_kind(data: bytes) -> str:
    """What a file is that starts like this and is not text we can show; empty where it may be text."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    return "binary" if b"\x00" in data[:8192] else ""
