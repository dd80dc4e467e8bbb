"""Compiled components on disk. What is in such a file is run as it is, so only what we wrote ourselves is loaded.

    DIRECTORY/SHA256-BUILD.compiled   what wasmtime serialised, and behind it its HMAC-SHA256 under the key

The MAC covers the name of the file too, so that one component's code is not taken for another's, and it is checked on
a copy that nobody can change.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import sys
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agentctl import atomic
from agentctl.tools.wasm.compiled.private import Copy, open_owned
from agentctl.tools.wasm.compiled.signing import MAC_BYTES, SUFFIX, Signer, unusable

if TYPE_CHECKING:
    from wasmtime import Engine
    from wasmtime.component import Component

State = Literal["cached", "missing", "tampered"]

SIZE = 1 << 30  # bytes that all compiled components may take together
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
        signer = Signer(self.directory)
        path = self._path(digest)
        try:
            with open_owned(path) as file, Copy(file, trailer=MAC_BYTES) as copy:
                if not hmac.compare_digest(signer.mac(path.name, copy.data), copy.trailer):
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
        signer = Signer(self.directory)
        path = self._path(digest)
        try:
            atomic.replace(path, bytes(compiled) + signer.mac(path.name, compiled), follow=False)
            self._evict(path)
        except OSError as error:
            raise unusable(self.directory, str(error)) from error

    def _path(self, digest: str) -> Path:
        return self.directory / f"{digest}-{_build()}{SUFFIX}"

    def _evict(self, kept: Path) -> None:
        """Remove those used longest ago until the rest fits, and what a crash left half-written."""
        found = []
        for path in self.directory.glob(f"*{SUFFIX}"):
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


@cache
def _build() -> str:
    """What compiled code depends on besides its source: another wasmtime, machine or configuration has other files.

    wasmtime itself refuses what another one has compiled; with names of their own, two can share a directory.
    """
    found = find_spec("wasmtime")
    bindings = Path(found.origin).with_name("_bindings.py") if found and found.origin else None
    build = hashlib.sha256(f"{sys.platform} {os.uname().machine} ".encode())
    build.update(Path(__file__).parents[1].joinpath("engine.py").read_bytes())
    if bindings is not None and bindings.exists():
        build.update(bindings.read_bytes())
    return build.hexdigest()[:16]
