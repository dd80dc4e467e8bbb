"""Appends lines to a log file that many processes share and that is rotated under them.

Every line is one `write` under a lock between processes, to the file that carries the log's name at that moment. A line
is on the file when `write` returns; what a killed process left of a line is cut off before the next one.
"""

from __future__ import annotations

import errno
import os
import re
import time
from datetime import datetime
from pathlib import Path

from agentctl.locks import FileLock
from agentctl.log.archive import Archive
from agentctl.settings.limits import Limit

_CHUNK = 1 << 16


class Sink:
    """The log file at `path`. It and its full files are readable by their owner alone.

    Threads that share a sink take turns; processes have one each.

    Args:
        path: the file; its directory is made where it is missing.
        rotation: when it is full.
        retention: how many full files are kept, and for how long.
        compress: whether they are packed with gzip.
    """

    def __init__(self, path: Path, rotation: Limit, retention: Limit, *, compress: bool) -> None:
        self._path = path
        self._rotation = rotation
        self._archive = Archive(path, retention, compress=compress)
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._fd: int | None = None
        self._begun = 0.0

    def write(self, line: bytes) -> None:
        """Append `line`, which ends in its only line break.

        Raises:
            OSError: it could not be written, and no part of it is on the file.
        """
        opened = self._fd is None
        if opened:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            fd, size = self._current()
            rotated = self._full(size, len(line))
            if rotated:
                self._archive.take()
                fd, size = self._current()
            _append(fd, line, size)
        if opened or rotated:
            self._archive.tidy()

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _current(self) -> tuple[int, int]:
        """The file that has the log's name now, and its size up to its last whole line."""
        if self._fd is None or not _is_at(self._fd, self._path):
            self.close()
            self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._begun = 0.0
        return self._fd, _mend(self._fd)

    def _full(self, size: int, more: int) -> bool:
        if not size:
            return False
        if self._rotation.bytes is not None and size + more > self._rotation.bytes:
            return True
        return self._rotation.seconds is not None and time.time() - self._beginning() >= self._rotation.seconds

    def _beginning(self) -> float:
        """When the first line was written: it says so itself."""
        if not self._begun and self._fd is not None:
            moment = re.search(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", os.pread(self._fd, 256, 0))
            known = datetime.fromisoformat(moment[0].decode()).timestamp() if moment else os.fstat(self._fd).st_mtime
            self._begun = known
        return self._begun


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _mend(fd: int) -> int:
    """Cut off a line without an end, whose writer died in the middle of it; return the size that is left."""
    size = os.fstat(fd).st_size
    if not size or os.pread(fd, 1, size - 1) == b"\n":
        return size
    while size:
        start = max(0, size - _CHUNK)
        end = os.pread(fd, size - start, start).rfind(b"\n")
        size = start + end + 1
        if end >= 0:
            break
    os.ftruncate(fd, size)
    return size


def _append(fd: int, line: bytes, size: int) -> None:
    if os.write(fd, line) != len(line):
        os.ftruncate(fd, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
