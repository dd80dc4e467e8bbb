"""Values as PostgreSQL takes them and as the store means them.

Text may hold U+0000 there and may not here: it is written as an escape, and so is the character that begins one. Whole
numbers are BIGINT, whatever their size, and sums of them, which are NUMERIC, come back as int.
"""

from __future__ import annotations

from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

_ESCAPE = "\x1a"
_ESCAPED = {"\0": _ESCAPE + "0", _ESCAPE: _ESCAPE + "1"}


def encode(text: str) -> str:
    """Return `text` without U+0000."""
    if "\0" not in text and _ESCAPE not in text:
        return text
    return text.replace(_ESCAPE, _ESCAPED[_ESCAPE]).replace("\0", _ESCAPED["\0"])


def decode(text: str) -> str:
    """Undo `encode`."""
    if _ESCAPE not in text:
        return text
    return text.replace(_ESCAPED["\0"], "\0").replace(_ESCAPED[_ESCAPE], _ESCAPE)


def adapt(adapters: AdaptersMap) -> None:
    """Make a connection convert values so."""
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(int, _Whole)
    adapters.register_dumper(bool, _Whole)
    adapters.register_loader("text", _TextLoader)
    adapters.register_loader("numeric", _NumericLoader)


class _Text(StrDumperUnknown):
    def dump(self, obj: str) -> bytes:
        return encode(obj).encode()


class _Whole(Int8Dumper):
    def dump(self, obj: int) -> bytes:
        return str(int(obj)).encode()


class _TextLoader(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> str:
        return decode(str(data, "utf-8"))


class _NumericLoader(Loader):
    def load(self, data: bytes | bytearray | memoryview) -> int:
        return int(bytes(data))
