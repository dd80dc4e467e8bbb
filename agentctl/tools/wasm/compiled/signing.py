"""The key that compiled components are signed with, in a directory that is the user's alone.

    DIRECTORY/key    32 random bytes, made once

Whoever can read the key can have us run any code; whoever can write to the directory could put in a key of their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
from pathlib import Path

from agentctl.errors import StorageError
from agentctl.tools.wasm.compiled.private import open_owned

MAC_BYTES = 32
SUFFIX = ".compiled"
"""What the names of signed files end with."""

_KEY_BYTES = 32


class Signer:
    """Makes HMAC-SHA256 codes with the key in `directory`; both are made where they are missing.

    Raises:
        StorageError: the directory can't be used, or isn't the user's own.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            self._own_directory()
            self._key = self._read_key() or self._make_key()
        except OSError as error:
            raise unusable(directory, str(error)) from error

    def mac(self, name: str, data: bytes | bytearray | memoryview) -> bytes:
        """Return the code of a file's name and content."""
        mac = hmac.new(self._key, name.encode() + b"\0", hashlib.sha256)
        mac.update(data)
        return mac.digest()

    def _own_directory(self) -> None:
        """Make sure that the directory is the user's alone; what others could write there until now is thrown away."""
        with contextlib.suppress(FileExistsError):
            self.directory.mkdir(mode=0o700, parents=True)
        found = self.directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise unusable(self.directory, "it is not a directory of yours")
        if found.st_mode & 0o077:
            self.directory.chmod(0o700)
            for path in [self.directory / "key", *self.directory.glob(f"*{SUFFIX}")]:
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
        raise unusable(self.directory, "the key in it can't be read back")


def unusable(directory: Path, why: str) -> StorageError:
    """Say that compiled components can't be kept there."""
    return StorageError(
        f"can't keep compiled components in {directory}: {why}",
        hint="set AGENTCTL_CACHE_DIR to a directory of your own",
    )
