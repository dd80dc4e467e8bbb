"""Replaces a small file as a whole: a reader, and whoever comes after a crash, sees the old one or the new one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, data: bytes, *, mode: int = 0o600, follow: bool = True) -> None:
    """Make `data` the content of `path`, durable when this returns; the file has `mode` from its first moment.

    A symbolic link is followed, so that a file kept elsewhere stays there; without `follow` it is replaced. A missing
    directory is made, 0700.

    Raises:
        OSError: the directory can't be written. The old file is as it was.
    """
    with writing(path, mode=mode, follow=follow) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path, *, mode: int = 0o600, follow: bool = True) -> Iterator[BinaryIO]:
    """What the block writes becomes the content of `path`, as with `replace`; nothing does if the block fails."""
    target = Path(os.path.realpath(path)) if follow else path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.urandom(6).hex()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    _sync_directory(target.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
