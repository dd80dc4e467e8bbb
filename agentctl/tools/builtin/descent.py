"""Opening files one component at a time, following no link: the way of openat(2) with O_NOFOLLOW."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from agentctl.errors import ToolError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# File systems whose files are a view of the kernel and of other processes.
_KERNEL = ("/proc", "/sys")


@contextmanager
def directory(root: Path, parts: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """Yield a descriptor of `root/parts…`; `create` makes what is missing.

    Raises:
        ToolError: it does not exist, or a component is no directory: a link to one is none.
    """
    descriptor = _opened(root, None, ".")
    try:
        for index, part in enumerate(parts):
            shown = "/".join(parts[: index + 1])
            if create:
                _make(part, descriptor, shown)
            deeper = _opened(part, descriptor, shown)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def file(parent: int, name: str, shown: str) -> Iterator[int]:
    """Yield a descriptor of the regular file `name` in a directory; errors call it `shown`.

    Raises:
        ToolError: it does not exist, or is anything else: a device, a pipe, a socket, a link.
    """
    try:
        check_regular(os.stat(name, dir_fd=parent, follow_symlinks=False), shown)  # opening a device may do something
        descriptor = os.open(name, _FILE, dir_fd=parent)
    except OSError as error:
        raise refused(error, shown) from error
    try:
        check_regular(os.fstat(descriptor), shown)
        yield descriptor
    finally:
        os.close(descriptor)


def check_regular(status: os.stat_result, shown: str) -> None:
    """Refuse all but regular files of a real file system.

    Raises:
        ToolError: it is something else.
    """
    if stat.S_ISDIR(status.st_mode):
        raise ToolError(f"{shown} is a directory", reason="invalid")
    if stat.S_ISLNK(status.st_mode):
        raise ToolError(f"{shown} became a link", hint="call again", reason="denied")
    if not stat.S_ISREG(status.st_mode):
        raise ToolError(f"{shown} is not a regular file", reason="denied")
    if status.st_dev in _kernel_devices():
        raise ToolError(f"{shown} is a view of the kernel", reason="denied")


def refused(error: OSError, shown: str) -> ToolError:
    """What a failed system call means."""
    match error.errno:
        case errno.ENOENT:
            return ToolError(f"{shown} does not exist")
        case errno.ELOOP | errno.EMLINK:
            return ToolError(f"{shown} became a link", hint="call again", reason="denied")
        case errno.ENOTDIR:
            return ToolError(f"{shown} is not a directory")
        case number:
            return ToolError(f"can't open {shown}: {os.strerror(number or 0)}")


def _opened(path: str | Path, parent: int | None, shown: str) -> int:
    try:
        return os.open(path, _DIRECTORY, dir_fd=parent)
    except OSError as error:  # Linux calls a link no directory here
        raise refused(error, shown) from error


def _make(name: str, parent: int, shown: str) -> None:
    try:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
    except OSError as error:
        raise refused(error, shown) from error


def _kernel_devices() -> set[int]:
    devices = set()
    for path in _KERNEL:
        with suppress(OSError):
            devices.add(Path(path).stat().st_dev)
    return devices - {Path("/").stat().st_dev}
