"""What kind of file system a database is on: on some of them locks and shared memory do not work as SQLite needs."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

# What `statfs` calls them (linux/magic.h, and the sources of those that are not in it).
_SHARED = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB 2",
    0x01021997: "9p, as containers and virtual machines share directories by",
    0x65735546: "FUSE, as sshfs and shares of containers are",
    0x786F4256: "a share of VirtualBox",
    0x5346414F: "AFS",
    0x73757245: "Coda",
    0x00C36400: "Ceph",
}
_ROOM = 256  # bytes, more than `struct statfs` has anywhere


def shared_kind(path: Path) -> str | None:
    """Return what the file system of `path` is if others may use it too, else None, also where that is unknown."""
    return _SHARED.get(magic(path) or 0)


def magic(path: Path) -> int | None:
    """Return the number that the system knows the kind of a file system by, None if it does not tell."""
    found = ctypes.create_string_buffer(_ROOM)
    try:
        failed = ctypes.CDLL(None).statfs(os.fsencode(path), found)
    except (OSError, AttributeError):
        return None
    # It comes first: a long, of which these numbers take four bytes.
    return None if failed else ctypes.c_long.from_buffer(found).value & 0xFFFFFFFF
