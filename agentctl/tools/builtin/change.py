"""A change of one file: seen by people before it is made, and made only of the file that they saw."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentctl.errors import ToolError
from agentctl.tools.builtin import descent
from agentctl.tools.builtin.workspace import Workspace

LARGEST = 16 << 20  # bytes; what is longer is no file that a model writes, and its difference would take minutes
_NEW = 0o666  # less the umask, as any program's
_WRITABLE = 0o222
_EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(frozen=True, slots=True)
class Change:
    """New content of a file by its real path, and the old: None where there is no file yet."""

    workspace: Workspace
    path: str
    old: bytes | None
    new: bytes

    def make(self) -> None:
        """Replace the file as a whole, by a new one: another file that shares its inode stays as it is.

        Permissions are kept, and the owner where that is allowed. Missing directories are made.

        Raises:
            ToolError: the file is not any more what it was when the change was planned, or can't be written.
        """
        path = PurePosixPath(self.path)
        with self.workspace.directory(path.parent.as_posix(), create=True) as parent:
            status = _status(parent, path.name, self.path)
            with _fresh(parent, status, self.path) as (name, descriptor):
                _write(descriptor, self.new)
                if _content(self.workspace, self.path) != self.old:
                    raise ToolError(f"{self.path} was changed meanwhile", hint="read it again", reason="denied")
                os.rename(name, path.name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)


def current(workspace: Workspace, path: str) -> bytes | None:
    """What is in a file by its real path; None if there is none.

    Raises:
        ToolError: it can't be read, is longer than `LARGEST`, or is read-only.
    """
    content = _content(workspace, path)
    if content is not None:
        with workspace.directory(PurePosixPath(path).parent.as_posix()) as parent:
            _status(parent, PurePosixPath(path).name, path)
    return content


def _content(workspace: Workspace, path: str) -> bytes | None:
    if not _exists(workspace, path):
        return None
    with workspace.file(path) as descriptor:
        if os.fstat(descriptor).st_size > LARGEST:
            raise ToolError(f"{path} has more than {LARGEST >> 20} MiB, which is too long to change", reason="invalid")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST + 1)


def _exists(workspace: Workspace, path: str) -> bool:
    try:
        os.lstat(workspace.root / path)  # only to tell a new file from an old one: what is opened is checked again
    except FileNotFoundError:
        return False
    except OSError as error:
        raise descent.refused(error, path) from error
    return True


def _status(parent: int, name: str, shown: str) -> os.stat_result | None:
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    descent.check_regular(status, shown)
    # A directory lets its files be replaced whatever their own permissions are, but who took them away meant it; so
    # also for root, whom the kernel never stops.
    if not status.st_mode & _WRITABLE or not os.access(name, os.W_OK, dir_fd=parent, effective_ids=_EFFECTIVE):
        raise ToolError(f"{shown} is read-only", hint="the user can make it writable (chmod u+w)", reason="denied")
    return status


@contextmanager
def _fresh(parent: int, status: os.stat_result | None, shown: str) -> Iterator[tuple[str, int]]:
    """A new file beside the old one, of the same mode and owner; gone at the end if it was not renamed."""
    name = f".agentctl-{os.urandom(8).hex()}"
    descriptor = -1
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _NEW, dir_fd=parent)
        if status:
            with suppress(PermissionError):
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & 0o777)
        yield name, descriptor
    except OSError as error:
        what = "no space is left" if error.errno in {errno.ENOSPC, errno.EDQUOT} else os.strerror(error.errno or 0)
        raise ToolError(f"can't write {shown}: {what}") from error
    finally:
        if descriptor >= 0:
            os.close(descriptor)
            with suppress(OSError):  # it was renamed; or what went wrong before goes wrong again, and is being told
                os.unlink(name, dir_fd=parent)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)
