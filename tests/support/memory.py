"""A place in memory, where no write waits for a disk."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

_SHARED = Path("/dev/shm")
_ROOM = 2 << 30  # bytes that there must be: what tests write there is the machine's memory


@cache
def memory() -> Path | None:
    """The directory to make temporary ones in; None, which is the system's own choice, where it has too little room."""
    if not _SHARED.is_dir():
        return None
    there = os.statvfs(_SHARED)
    return _SHARED if there.f_bavail * there.f_frsize > _ROOM and not there.f_flag & os.ST_NOEXEC else None
