"""Reads files that somebody else may have put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def head(path: Path, size: int) -> bytes:
    """The first `size` bytes of a file, all if it has fewer.

    Raises:
        ValueError: it is a pipe or a device, of which nobody knows when it ends.
        OSError: it can't be read.
    """
    # Without NONBLOCK a pipe would be waited for before it can be seen to be one.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no file")
        return file.read(size)
