"""What the first bytes of a file say it is, and what a core module imports; read without compiling anything.

Sources: https://webassembly.github.io/spec/core/binary/modules.html and
https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["component", "core-preview1", "core", "not-wasm"]

_MAGIC = b"\0asm"
_CORE, _COMPONENT = b"\x01\x00\x00\x00", b"\x0d\x00\x01\x00"
_PREVIEW1 = ("wasi_snapshot_preview1", "wasi_unstable")
_IMPORT_SECTION = 2
_WORD = 5  # bytes of the longest LEB128 form of 32 bits


def kind_of(data: bytes) -> Kind:
    """Tell a component from a core module, one for preview 1 from others, and all else from WebAssembly."""
    layer = layer_of(data)
    return "core-preview1" if layer == "core" and any(n.startswith(_PREVIEW1) for n in imported(data)) else layer


def layer_of(data: bytes) -> Kind:
    """What the first eight bytes alone tell, which can't take long: a core module of any kind is `core`."""
    if data[:4] != _MAGIC:
        return "not-wasm"
    if data[4:8] == _COMPONENT:
        return "component"
    return "core" if data[4:8] == _CORE else "not-wasm"


def imported(data: bytes) -> tuple[str, ...]:
    """What a core module imports, as `module.name`, in order; nothing if its sections make no sense."""
    try:
        return tuple(_imports(_Reader(data, len(_MAGIC) + len(_CORE))))
    except (IndexError, UnicodeDecodeError, ValueError):
        return ()


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = 0
        for i in range(_WORD * 2):  # limits of 64-bit memories are longer
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * i
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
                return value
        raise ValueError

    def name(self) -> str:
        length = self.number()
        if self.at + length > len(self.data):
            raise ValueError
        self.at += length
        return self.data[self.at - length : self.at].decode()


def _imports(reader: _Reader) -> Iterator[str]:
    while reader.at < len(reader.data):
        section, size = reader.byte(), reader.number()
        if section != _IMPORT_SECTION:
            reader.at += size
            continue
        for _ in range(reader.number()):
            yield f"{reader.name()}.{reader.name()}"
            _skip(reader)
        return


def _skip(reader: _Reader) -> None:
    """Pass over what an import is."""
    match reader.byte():
        case 0:  # a function: the index of its type
            reader.number()
        case 1:  # a table: a type of references, then limits
            _reference(reader)
            _limits(reader)
        case 2:  # a memory
            _limits(reader)
        case 3:  # a global: a type of values, then whether it changes
            _reference(reader)
            reader.byte()
        case 4:  # a tag: an attribute, then the index of its type
            reader.byte()
            reader.number()
        case _:
            raise ValueError


def _reference(reader: _Reader) -> None:
    """Pass over a type of values; two of them name a heap type besides."""
    if reader.byte() in {0x63, 0x64}:
        reader.number()


def _limits(reader: _Reader) -> None:
    flags = reader.byte()
    reader.number()
    if flags & 1:
        reader.number()
    if flags & 8:  # a page size of its own
        reader.number()
