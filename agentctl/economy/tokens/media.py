"""What files take that are not text: as much as is usual, and the most that the vendors' formulas give. Pure.

Images: https://developers.openai.com/api/docs/guides/images-vision,
https://platform.claude.com/docs/en/build-with-claude/vision, https://ai.google.dev/gemini-api/docs/media-resolution.
A page of a PDF is an image of it and its text, up to 3,000 tokens by Anthropic's word
(https://platform.claude.com/docs/en/build-with-claude/pdf-support). Sound and film take 32 and 300 tokens a second at
Google (https://ai.google.dev/gemini-api/docs/tokens), whose length a file does not tell but by its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from agentctl.messages import Attachment

_SOUND = 32 / 16_000, 32 / 1000  # tokens a byte: at 128 kbit/s, and at 8, the least that speech is sent at
_FILM = 300 / 125_000, 300 / 8000  # at 1 Mbit/s, and at 64 kbit/s
_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_COUNT = re.compile(rb"/Pages\b[^>]{0,100000}?/Count\s+(\d{1,6})|/Count\s+(\d{1,6})[^>]{0,100000}?/Pages\b")
_MOST = 10_000  # pages that a tree is believed
_STREAM = re.compile(rb"/ObjStm.{0,400}?stream\r?\n", re.DOTALL)
_UNPACKED = 1 << 20  # bytes of one stream that are looked at
_STREAMS = 2000
_UNTOLD = 100  # pages of a document that does not tell; Anthropic takes no more for a window of 200,000 tokens


@dataclass(frozen=True, slots=True)
class Media:
    """Tokens of one image, and of one page of a PDF: as many as are usual, and the most."""

    image: tuple[int, int] = (1024, 16_384)
    page: tuple[int, int] = (2500, 19_384)

    def tokens(self, file: Attachment) -> tuple[int, int]:
        """Return what a file takes that is not text, as it is usual and at most."""
        size = len(file.data)
        match file.media_type.partition("/")[0], file.media_type.partition(";")[0]:
            case "image", _:
                return self.image
            case _, "application/pdf":
                number = pages(file.data)
                return number * self.page[0], number * self.page[1]
            case "audio", _:
                return int(size * _SOUND[0]) + 1, int(size * _SOUND[1]) + 32
            case "video", _:
                return int(size * _FILM[0]) + 1, int(size * _FILM[1]) + 300
        return size, 2 * size  # in base 64, as text


def pages(document: bytes) -> int:
    """Return how many pages a PDF has, also where its objects are compressed; 100 if it does not tell."""
    import zlib  # noqa: PLC0415 - who sends no documents needs none of it

    found, told = _pages(document)
    for start in islice(_STREAM.finditer(document), _STREAMS):
        try:
            packed = memoryview(document)[start.end() : start.end() + _UNPACKED]
            more, said = _pages(zlib.decompressobj().decompress(packed, _UNPACKED))
        except zlib.error:
            continue  # packed otherwise
        found, told = found + more, max(told, said)
    return max(found or _UNTOLD, told)


def _pages(objects: bytes) -> tuple[int, int]:
    """The pages among objects, whose names may be written in escapes, and how many a tree of them says it has."""
    plain = _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), objects)
    told = max((int(one or other) for one, other in _COUNT.findall(plain)), default=0)
    return len(_PAGE.findall(plain)), min(told, _MOST)
