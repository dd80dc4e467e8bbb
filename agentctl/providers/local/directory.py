"""The private directory of the embedded server's socket: made fresh, removed at the end, and swept after a crash."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from agentctl.errors import ConfigError
from agentctl.ids import new_id
from agentctl.locks import FileLock

_PREFIX = "agentctl-llama-"
_SOCKET = "s.sock"  # llama.cpp takes a host name that ends so for a Unix socket
_LOCK = "lock"
_LONGEST = 103  # bytes of a socket's path: Linux has room for 108 and macOS for 104, the final NUL included


class SocketDirectory:
    """A fresh directory that only this user can enter, in the runtime directory or where temporary files go.

    A lock in it says that its process lives. Making one removes those whose processes have died.

    Args:
        environ: the environment; XDG_RUNTIME_DIR and TMPDIR are looked at.

    Raises:
        ConfigError: no directory can be made.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        for base in _bases(environ):
            with suppress(OSError):
                _sweep(base)
                self.path, self._lock = _claim(base)
                return
        raise ConfigError(
            "there is no place for the model's socket", hint="set XDG_RUNTIME_DIR to a short path you can write to"
        )

    @property
    def socket(self) -> Path:
        """Where the socket goes."""
        return self.path / _SOCKET

    def remove(self) -> None:
        """Remove the directory. Does nothing the second time."""
        _empty(self.path)
        self._lock.release()


def _bases(environ: Mapping[str, str]) -> Iterator[Path]:
    for name in (environ.get("XDG_RUNTIME_DIR"), environ.get("TMPDIR"), "/tmp"):  # noqa: S108 - a fresh 0700 directory
        base = Path(name or "")
        if base.is_absolute() and len(os.fsencode(base / _PREFIX / new_id() / _SOCKET)) <= _LONGEST:
            yield base


def _claim(base: Path) -> tuple[Path, FileLock]:
    while True:
        path = base / f"{_PREFIX}{new_id()}"
        path.mkdir(mode=0o700)
        lock = FileLock(path / _LOCK)
        # Until the lock is held, another process may take the directory for a dead one's and remove it.
        with suppress(FileNotFoundError):
            lock.acquire()
            return path, lock


def _sweep(base: Path) -> None:
    for entry in os.scandir(base):
        with suppress(OSError):  # others sweep too
            if entry.name.startswith(_PREFIX) and _is_ours(entry.stat(follow_symlinks=False)):
                _remove_dead(Path(entry.path))


def _remove_dead(path: Path) -> None:
    lock = FileLock(path / _LOCK)
    if lock.acquire(wait=0):
        _empty(path)
        lock.release()


def _is_ours(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _empty(path: Path) -> None:
    for name in (_SOCKET, _LOCK):
        (path / name).unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()
