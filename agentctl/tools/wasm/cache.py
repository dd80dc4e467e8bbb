"""Compiled components on disk. What is in such a file is run as it is, so only what we wrote ourselves is loaded.

    DIRECTORY/key                     32 random bytes, made once
    DIRECTORY/SHA256-BUILD.compiled   what wasmtime serialised, and behind it its HMAC-SHA256 under the key

The directory and all in it belong to the user and nobody else may read or write there. The MAC covers the name of the
file too, so that one component's code is not taken for another's, and it is checked on a copy that nobody can change.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agentctl import atomic
from agentctl.errors import StorageError
from agentctl.tools.wasm.private import Copy, open_owned

if TYPE_CHECKING:
    from wasmtime import Engine
    from wasmtime.component import Component

State = Literal["cached", "missing", "tampered"]

SIZE = 1 << 30  # bytes that all compiled components may take together
_KEY_BYTES, _MAC_BYTES = 32, 32
_SUFFIX = ".compiled"
_STALE = 3600  # seconds after which a half-written file has no writer any more


class Cache:
    """The compiled components in `directory`, which is made where it is missing.

    Args:
        size: bytes that they may take together; those not used for longest go first.
    """

    def __init__(self, directory: Path, *, size: int = SIZE) -> None:
        self.directory = directory
        self._size = size

    def load(self, digest: str, engine: Engine) -> tuple[Component | None, State]:
        """Return the component whose wasm has the SHA-256 `digest`, if it was compiled for this engine.

        What was altered since it was written is `tampered`, and is not loaded.

        Raises:
            StorageError: the directory can't be used, or isn't the user's own.
        """
        key = self._key()
        path = self._path(digest)
        try:
            with open_owned(path) as file, Copy(file, trailer=_MAC_BYTES) as copy:
                if not hmac.compare_digest(_mac(key, path.name, copy.data), copy.trailer):
                    return None, "tampered"
                component = copy.deserialize(engine)
            os.utime(path)
        except FileNotFoundError:
            return None, "missing"
        except OSError:
            return None, "tampered"
        return component, ("cached" if component else "missing")

    def store(self, digest: str, compiled: bytes | bytearray) -> None:
        """Keep what `Component.serialize` returned, and let go of others until all fits.

        Raises:
            StorageError: the directory can't be written, or isn't the user's own.
        """
        key = self._key()
        path = self._path(digest)
        try:
            atomic.replace(path, bytes(compiled) + _mac(key, path.name, compiled))
            self._evict(path)
        except OSError as error:
            raise _unusable(self.directory, str(error)) from error

    def _path(self, digest: str) -> Path:
        return self.directory / f"{digest}-{_build()}{_SUFFIX}"

    def _key(self) -> bytes:
        try:
            self._own_directory()
            return self._read_key() or self._make_key()
        except OSError as error:
            raise _unusable(self.directory, str(error)) from error

    def _own_directory(self) -> None:
        """Make sure that the directory is the user's alone; what others could write there until now is thrown away."""
        with contextlib.suppress(FileExistsError):
            self.directory.mkdir(mode=0o700, parents=True)
        found = self.directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise _unusable(self.directory, "it is not a directory of yours")
        if found.st_mode & 0o077:
            self.directory.chmod(0o700)
            for path in [self.directory / "key", *self._entries()]:
                path.unlink(missing_ok=True)

    def _read_key(self) -> bytes | None:
        """The key, if there is one that is the user's alone."""
        try:
            with open_owned(self.directory / "key") as file:
                key = file.read(_KEY_BYTES + 1)
        except OSError:
            return None
        return key if len(key) == _KEY_BYTES else None

    def _make_key(self) -> bytes:
        """Make a key, or take the one that another process has just made."""
        path = self.directory / "key"
        fresh = self.directory / f".key.{os.urandom(6).hex()}"
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(os.urandom(_KEY_BYTES))
            if self._read_key() is None:
                path.unlink(missing_ok=True)
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # whole from its first moment, and never over another's
        finally:
            fresh.unlink()
        if key := self._read_key():
            return key
        raise _unusable(self.directory, "the key in it can't be read back")

    def _entries(self) -> Iterator[Path]:
        return self.directory.glob(f"*{_SUFFIX}")

    def _evict(self, kept: Path) -> None:
        """Remove those used longest ago until the rest fits, and what a crash left half-written."""
        found = []
        for path in self._entries():
            with contextlib.suppress(FileNotFoundError):  # another process evicts too
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total > self._size and path != kept:
                path.unlink(missing_ok=True)
                total -= size
        for path in self.directory.glob(".*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _STALE:
                    path.unlink()


def _mac(key: bytes, name: str, data: bytes | bytearray | memoryview) -> bytes:
    mac = hmac.new(key, name.encode() + b"\0", hashlib.sha256)
    mac.update(data)
    return mac.digest()


def _build() -> str:
    """What compiled code depends on besides its source: another wasmtime, machine or configuration has other files."""
    source = Path(__file__).with_name("engine.py").read_bytes()
    text = f"{version('wasmtime')} {sys.platform} {os.uname().machine} {hashlib.sha256(source).hexdigest()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unusable(directory: Path, why: str) -> StorageError:
    return StorageError(
        f"can't keep compiled components in {directory}: {why}",
        hint="set AGENTCTL_CACHE_DIR to a directory of your own",
    )
