"""An npz file that is a function of its arrays alone, and whose every byte is known before it is read.

Arrays lie in it uncompressed, in the order of their names, without times; `numpy.load` reads it. Whoever knows names,
types and shapes knows where each array lies, so that reading needs no parser, inflates nothing and unpickles nothing:
the arrays are cut out, and the file must be the one that they make.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentctl.learning.artifacts.files import head

_TYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<i4", "<u4", "<f4", "<i8", "<u8", "<f8")
SIZES = {one: int(one[2:]) for one in _TYPES}
"""The types that an array may have, as npy files spell them, and the bytes of one element."""

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _FIRST_DAY, _MODE = 20, 0x21, 0o600 << 16
_ALIGNMENT = 64
_MAGIC = b"\x93NUMPY\x01\x00"
_PICKLE = b"\x80"
_IS_PICKLE = "is a pickle, which agentctl never reads: it can run any program"


@dataclass(frozen=True, slots=True)
class Layout:
    """The type, one of `SIZES`, and the shape of an array."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of its elements."""
        return SIZES[self.dtype] * math.prod(self.shape)

    @property
    def header(self) -> bytes:
        """What stands before its elements in an npy file."""
        text = f"{{'descr': {self.dtype!r}, 'fortran_order': False, 'shape': {self.shape!r}, }}".encode()
        padding = -(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNMENT
        return _MAGIC + struct.pack("<H", len(text) + padding + 1) + text + b" " * padding + b"\n"


def encode(layouts: Mapping[str, Layout], data: Mapping[str, bytes]) -> bytes:
    """The file with these arrays; `data` has the elements of each."""
    parts, directory, offset = [], [], 0
    for name in sorted(layouts):
        member, label = layouts[name].header + data[name], f"{name}.npy".encode()
        about = (_VERSION, 0, 0, 0, _FIRST_DAY, zlib.crc32(member), len(member), len(member), len(label), 0)
        parts += [_LOCAL.pack(b"PK\3\4", *about), label, member]
        directory += [_CENTRAL.pack(b"PK\1\2", 3 << 8 | _VERSION, *about, 0, 0, 0, _MODE, offset), label]
        offset += _LOCAL.size + len(label) + len(member)
    count, listed = len(layouts), sum(map(len, directory))
    return b"".join((*parts, *directory, _END.pack(b"PK\5\6", 0, 0, count, count, listed, offset, 0)))


def decode(path: Path, layouts: Mapping[str, Layout]) -> dict[str, bytes]:
    """The elements of each array in the file at `path`.

    Raises:
        ValueError: the file has other arrays than these, or anything else in it.
        OSError: it can't be read.
    """
    size = _size(layouts)
    raw = head(path, size + 1)
    data, offset = {}, 0
    for name in sorted(layouts):
        start = offset + _LOCAL.size + len(name) + len(".npy") + len(layouts[name].header)
        offset = start + layouts[name].size
        data[name] = raw[start:offset]
    if len(raw) != size or encode(layouts, data) != raw:
        raise ValueError(_flaw(path, raw, layouts))
    return data


def _size(layouts: Mapping[str, Layout]) -> int:
    each = _LOCAL.size + _CENTRAL.size
    members = (each + 2 * (len(name) + len(".npy")) + len(one.header) + one.size for name, one in layouts.items())
    return sum(members) + _END.size


def _flaw(path: Path, raw: bytes, layouts: Mapping[str, Layout]) -> str:
    """Why the file is not the one with these arrays, in words."""
    if raw.startswith(_PICKLE):
        return f"it {_IS_PICKLE}"
    try:
        with zipfile.ZipFile(path) as archive:
            found = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
            if missing := sorted(layouts.keys() - found.keys()):
                return f"the array {missing[0]} is missing"
            if extra := sorted(found.keys() - layouts.keys()):
                return f"it has {extra[0][:40]!a}, which the manifest does not know"
            flaws = (_member_flaw(archive, found[name], name, layouts[name].header) for name in sorted(found))
            return next((flaw for flaw in flaws if flaw), "it was changed since it was written")
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, EOFError):
        return "it is truncated, or no npz file"


def _member_flaw(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, header: bytes) -> str | None:
    with archive.open(member) as file:
        head = file.read(len(header))
    if b"'descr': '|O'" in head or head.startswith(_PICKLE):
        return f"the array {name} {_IS_PICKLE}"
    return None if head == header else f"the array {name} has another type or shape than the manifest says"
