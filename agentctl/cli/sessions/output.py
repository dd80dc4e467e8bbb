"""Where an export goes: a file that is replaced as a whole, or a device that is written to; never what is in use."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from agentctl import atomic
from agentctl.errors import UsageError
from agentctl.exchange.earlier import READ, is_export
from agentctl.paths import config_dir, state_dir
from agentctl.settings.files import locations

_SQLITE = "sqlite:///"
_STDOUT = 1
_DESCRIPTOR = re.compile(r"(?:/dev/fd|/proc/self/fd)/(\d{1,9})")
# What stands beside a database, by what follows its name.
_BESIDE = re.compile(r"(-wal|-shm|-journal|\.reserve|\.locks|\..*\.bak(\.part)?)?")


@contextmanager
def opened(path: Path, url: str, environ: Mapping[str, str], *, force: bool) -> Iterator[BinaryIO]:
    """Open what is to become the export at `path`; `url` is the database in use.

    A file is replaced when the block ends well. A device or pipe is written to, and so is what standard output is.

    Raises:
        UsageError: it is in use by this program, or can't be written, or is not an export and there is no `force`.
    """
    try:
        if (number := _descriptor(path)) is not None or _is_written_to(path):
            with path.open("wb") if number is None else os.fdopen(os.dup(number), "wb") as file:
                yield file
            return
        _check(path, url, environ, force=force)
        with atomic.writing(path) as file:
            yield file
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror or error}", hint="choose another file") from error


def is_stdout(path: Path) -> bool:
    """Whether it is another name of standard output, whatever that was redirected to."""
    with suppress(OSError):
        return path == Path("-") or os.path.samestat(path.stat(), os.fstat(_STDOUT))
    return False


def _descriptor(path: Path) -> int | None:
    """The open file that it is another name of, as `/dev/stderr` and what shells write for `>(…)` are."""
    named = path.readlink() if path.parent == Path("/dev") and path.is_symlink() else path
    found = _DESCRIPTOR.fullmatch(str(named))
    return int(found[1]) if found else None


def _is_written_to(path: Path) -> bool:
    """Whether it is no file with a place in a directory, but a character device or a pipe."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)
    return False


def _check(path: Path, url: str, environ: Mapping[str, str], *, force: bool) -> None:
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise UsageError(f"{path} is a directory", hint="name a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"there is no directory {target.parent}", hint="make it first, or choose another file")
    if _is_in_use(target, url, environ):
        raise UsageError(f"{path} belongs to agentctl itself", hint="choose another file; --force does not help here")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is no ordinary file", hint="choose another one")
    if not force and not _is_free(target):
        raise UsageError(f"{path} is there and is no export", hint="choose another file, or give --force to replace it")


def _is_in_use(target: Path, url: str, environ: Mapping[str, str]) -> bool:
    """Whether it is the database, something beside that, or a file of settings, trust or keys; links are followed."""
    settings = [Path(os.path.realpath(one.path)) for one in locations(environ, None)]
    ours = [Path(os.path.realpath(find(environ))) for find in (config_dir, state_dir)]
    if target in settings or (target.parent in ours and target.exists() and not _is_free(target)):
        return True
    if not url.startswith(_SQLITE):
        return False
    database = Path(os.path.realpath(url.removeprefix(_SQLITE)))
    if target.exists() and database.exists() and target.samefile(database):
        return True
    beside = [one.name.removeprefix(database.name) for one in (target, *target.parents) if _is_beside(one, database)]
    return any(_BESIDE.fullmatch(rest) for rest in beside)


def _is_beside(path: Path, database: Path) -> bool:
    return path.parent == database.parent and path.name.startswith(database.name)


def _is_free(target: Path) -> bool:
    """Whether nothing is there, or only an earlier export, or a file without content."""
    try:
        with target.open("rb") as file:
            return is_export(file.read(READ))
    except FileNotFoundError:
        return True
