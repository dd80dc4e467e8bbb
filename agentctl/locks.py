"""A lock between processes, and between the threads of one, that the holder's death frees."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.02


class FileLock:
    """An exclusive lock on the file at `path`, which is created where it is missing.

    One object is one holder: threads that compete for a lock use an object each. The kernel frees the lock when the
    holder dies. It is advisory and says nothing over network file systems.

    Args:
        path: the lock file; its directory must exist.
        transient: whether the file is removed at release.

    Raises:
        OSError: the file can't be created or opened.
    """

    def __init__(self, path: Path, *, transient: bool = False) -> None:
        self._path = path
        self._transient = transient
        self._fd: int | None = None

    def acquire(self, wait: float | None = None) -> bool:
        """Take the lock: wait for it at most `wait` seconds, or as long as it takes.

        Returns:
            Whether it was taken.
        """
        deadline = None if wait is None else time.monotonic() + wait
        while True:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not _lock(fd, deadline):
                os.close(fd)
                return False
            if _is_file_at(fd, self._path):
                self._fd = fd
                return True
            # The last holder removed the file after we had opened it: a lock on it keeps nobody out.
            os.close(fd)

    def release(self) -> None:
        """Let go of the lock. Does nothing when it is not held."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        # Removed while still locked: whoever waits on this file sees that it is gone and opens the next one.
        if self._transient and _is_file_at(fd, self._path):
            self._path.unlink(missing_ok=True)
        os.close(fd)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.release()


def _lock(fd: int, deadline: float | None) -> bool:
    if deadline is None:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return True
    pause = _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            time.sleep(min(pause, remaining))
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            return True


def _is_file_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
