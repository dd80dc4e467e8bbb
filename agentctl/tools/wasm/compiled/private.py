"""Files that are the user's alone, and copies of them that nobody can change between check and use."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import stat
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from wasmtime import Engine
    from wasmtime.component import Component


def open_owned(path: Path) -> FileIO:
    """Open a plain file that only the user may read and write.

    Raises:
        FileNotFoundError: there is none.
        PermissionError: it is a link, another's, or open to others.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        os.close(fd)
        raise PermissionError(errno.EPERM, "it is not yours alone", str(path))
    return FileIO(fd)


class Copy:
    """A file's content in memory, without its last `trailer` bytes, which are kept apart.

    On Linux it is a sealed file without a name: its pages are shared with all forks, and are mapped, not copied again.

    Raises:
        OSError: it can't be read, or there is no memory for it.
    """

    def __init__(self, file: FileIO, *, trailer: int) -> None:
        size = max(0, os.fstat(file.fileno()).st_size - trailer)
        self._fd = _sealed(file, size)
        self._map = None if self._fd is None or not size else mmap.mmap(self._fd, size, prot=mmap.PROT_READ)
        self.data = memoryview(_exactly(file, size) if self._map is None else self._map)
        self.trailer = _exactly(file, trailer)

    def deserialize(self, engine: Engine) -> Component | None:
        """Load it as compiled code, which must be our own; None if another configuration or machine compiled it."""
        from wasmtime import WasmtimeError  # noqa: PLC0415 - whoever only writes to the cache needs none of it
        from wasmtime.component import Component  # noqa: PLC0415

        if self._fd is not None:
            # Without /proc, or where files in memory may not be run, it goes by bytes.
            with suppress(WasmtimeError):
                return Component.deserialize_file(engine, f"/proc/self/fd/{self._fd}")
        try:
            return Component.deserialize(engine, bytes(self.data))
        except WasmtimeError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.data.release()
        if self._map is not None:
            self._map.close()
        if self._fd is not None:
            os.close(self._fd)


def _sealed(file: FileIO, size: int) -> int | None:
    """Copy the next `size` bytes to a file in memory that nobody can write to any more; None where there are none."""
    if sys.platform != "linux":
        return None
    fd = os.memfd_create("component", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _copy(file, fd, size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    except OSError:
        os.close(fd)
        raise
    return fd


def _copy(file: FileIO, fd: int, size: int) -> None:
    while size:
        sent = os.sendfile(fd, file.fileno(), None, size)
        if not sent:  # a mapping of what isn't there would crash
            raise OSError(errno.EIO, "the file got shorter")
        size -= sent


def _exactly(file: FileIO, size: int) -> bytes:
    data = bytearray()
    while len(data) < size and (chunk := file.read(size - len(data))):
        data += chunk
    return bytes(data)
