"""A file that keeps some of the disk free for what must still be written when it is full."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SIZE = 1 << 20  # bytes
_ROOM = 4 * SIZE  # that must be free for it: it must not be what fills the disk


class Reserve:
    """The reserve of a database, `DATABASE.reserve`. Its users hold the lock between writers.

    Args:
        path: the file.
        tell: is told when the reserve is given up.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell
        self._known = False

    def keep(self) -> None:
        """Make it where it is missing and there is room; asks the disk only until it is there."""
        if self._known:
            return
        with suppress(OSError):
            self._known = self._is_there() or (self._has_room() and self._make())

    def give_up(self) -> bool:
        """Free its space, and tell so; return whether there was any."""
        self._known = False
        try:
            self._path.unlink()
        except OSError:
            return False
        self._tell(f"the disk is full; the reserve of {SIZE >> 20} MiB is used, so free some space soon")
        return True

    def _is_there(self) -> bool:
        # One that only has a size, as after a loss of power, would be no help.
        return self._path.exists() and self._path.stat().st_blocks * 512 >= SIZE

    def _has_room(self) -> bool:
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize >= _ROOM

    def _make(self) -> bool:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, SIZE)
        except OSError:
            self._path.unlink()
            raise
        finally:
            os.close(fd)
        return True
