"""The full log files beside the one being written: numbered, packed, and deleted when their time has come.

`agentctl.log` becomes `agentctl-000001.log` by one rename, and that becomes `agentctl-000001.log.gz` by the rename of a
finished copy. Numbers only grow, so no step touches an older file, and a process may be killed between any two steps:
whoever tidies next finishes what it began.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from agentctl.locks import FileLock
from agentctl.settings.limits import Limit


class Archive:
    """The full files of the log at `active`.

    Args:
        active: the file being written.
        retention: how many full files are kept, and for how long.
        compress: whether they are packed with gzip.
    """

    def __init__(self, active: Path, retention: Limit, *, compress: bool) -> None:
        self._active = active
        self._retention = retention
        self._compress = compress
        self._tidying = FileLock(active.with_name(f".{active.name}.tidy.lock"))

    def take(self) -> None:
        """Make the active file a full one. The caller holds the log's lock."""
        number = max(self._files(), default=0) + 1
        self._active.rename(self._active.with_name(f"{self._active.stem}-{number:06d}{self._active.suffix}"))

    def tidy(self) -> None:
        """Pack and delete what is due, unless another process is at it.

        Raises:
            OSError: the directory can't be read or written.
        """
        if not self._tidying.acquire(0):
            return
        try:
            self._delete_due()
            for full, packed in self._files().values():
                if full and packed:
                    full.unlink()  # its packer died before it could
                elif full and self._compress:
                    _pack(full)
        finally:
            self._tidying.release()

    def _files(self) -> dict[int, tuple[Path | None, Path | None]]:
        """The full and the packed form of each file, by its number, the oldest first."""
        active = self._active
        name = re.compile(rf"{re.escape(active.stem)}-([0-9]{{6,}}){re.escape(active.suffix)}(\.gz)?")
        found: dict[int, tuple[Path | None, Path | None]] = {}
        for entry in os.listdir(active.parent):  # noqa: PTH208 - the quick way
            if match := name.fullmatch(entry):
                full, packed = found.get(int(match[1]), (None, None))
                path = active.with_name(entry)
                found[int(match[1])] = (full, path) if match[2] else (path, packed)
        return dict(sorted(found.items()))

    def _delete_due(self) -> None:
        keep = self._retention.files
        oldest = 0 if self._retention.seconds is None else time.time() - self._retention.seconds
        files = list(self._files().values())
        for index, forms in enumerate(files):
            for path in filter(None, forms):
                if (keep is not None and index < len(files) - keep) or path.stat().st_mtime < oldest:
                    path.unlink()


def _pack(full: Path) -> None:
    import gzip  # noqa: PLC0415 - only a rotation needs it

    packed = full.with_name(f"{full.name}.gz")
    part = full.with_name(f".{packed.name}.part")  # what a packer that died left there is written over
    written = full.stat()
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with (
                full.open("rb") as source,
                gzip.GzipFile(full.name, "wb", fileobj=raw, mtime=written.st_mtime) as target,
            ):
                shutil.copyfileobj(source, target)
            os.fsync(raw.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    os.utime(part, ns=(written.st_atime_ns, written.st_mtime_ns))  # the age is that of its lines
    part.rename(packed)
    full.unlink()
