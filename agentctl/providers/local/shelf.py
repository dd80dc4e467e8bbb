"""The directory of models: a GGUF file each, and beside it a record of what was verified when it got there."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from agentctl import atomic
from agentctl.errors import AgentctlError, StorageError
from agentctl.locks import FileLock

_MAGIC = b"GGUF"
_BLOCK = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come, in bytes; `total` is None where it is not known, and may be a little too high."""

    step: Literal["wait", "download", "unpack", "copy", "verify"]
    done: int = 0
    total: int | None = None


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a file on the shelf: its SHA-256 in hexadecimal, its size in bytes, and whence it came."""

    sha256: str
    size: int
    source: str


class Shelf:
    """The models in a directory, by name: the file NAME.gguf. Only whole, verified files have such a name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, name: str) -> Path:
        """Where the model called `name` lies, if it is there."""
        return self.directory / f"{name}.gguf"

    def names(self) -> list[str]:
        """The models that are there, in order.

        Raises:
            StorageError: the directory can't be read.
        """
        try:
            files = [path.name for path in self.directory.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StorageError(
                f"can't read the models in {self.directory}: {error.strerror}",
                hint="check its permissions, or set AGENTCTL_DATA_DIR",
            ) from error
        return sorted(name.removesuffix(".gguf") for name in files if re.fullmatch(r"[^.].*\.gguf", name))

    def hidden(self, name: str, kind: str) -> Path:
        """A path beside the model for what belongs to it but is no model."""
        return self.directory / f".{name}.{kind}"

    @contextmanager
    def changing(self, name: str, report: Report) -> Iterator[None]:
        """Keep other processes from getting the same model meanwhile, and tell failures of the disk.

        Raises:
            StorageError: the directory can't be written, or is full.
        """
        with told_of_disk(self.directory):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.hidden(name, "lock"), transient=True)
            if not lock.acquire(wait=0):
                report(Progress("wait"))
                lock.acquire()
            try:
                yield
            finally:
                lock.release()

    def record(self, name: str) -> Record | None:
        """What was recorded of a model, unless its file has changed since."""
        path, note = self.path(name), self.hidden(name, "json")
        try:
            record = Record(**json.loads(note.read_bytes()))
            unchanged = path.stat().st_size == record.size and _is_older(path, note)
        except (OSError, ValueError, TypeError):
            return None
        return record if unchanged else None

    def holds(self, name: str, sha256: str, report: Report) -> bool:
        """Whether the model is there with that digest. Reads it only if nothing is recorded of it."""
        if record := self.record(name):
            return record.sha256 == sha256
        path = self.path(name)
        if not path.exists() or digest(path, report) != sha256:
            return False
        self._note(name, Record(sha256, path.stat().st_size, "found"))
        return True

    def is_tried(self, name: str) -> bool:
        """Whether `mark_tried` was called since the file last changed."""
        try:
            return _is_older(self.path(name), self.hidden(name, "tried"))
        except OSError:
            return False

    def mark_tried(self, name: str) -> None:
        """Remember that the model can be loaded."""
        with suppress(OSError):  # then it is tried again
            self.hidden(name, "tried").touch()

    def put(self, name: str, fresh: Path, record: Record) -> Path:
        """Give a whole, verified file of this directory its name; durable when this returns.

        Raises:
            AgentctlError: it is no GGUF file; it is removed.
        """
        if not is_gguf(fresh):
            fresh.unlink()
            raise AgentctlError(f"{record.source} is no GGUF file", hint="give a model in llama.cpp's format")
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(self.path(name))
        self._note(name, record)
        return self.path(name)

    def _note(self, name: str, record: Record) -> None:
        # This makes the directory durable, so it comes after the file has got its name.
        atomic.replace(self.hidden(name, "json"), json.dumps(asdict(record)).encode())


def _is_older(path: Path, note: Path) -> bool:
    status = path.stat()
    return max(status.st_mtime_ns, status.st_ctime_ns) <= note.stat().st_mtime_ns


def is_gguf(path: Path) -> bool:
    """Whether the file begins as GGUF files do.

    Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def copy(source: BinaryIO, target: Path, report: Report, progress: Progress) -> str:
    """Copy a stream into the new file `target` and return its SHA-256; `progress` says which step this is."""
    import hashlib  # noqa: PLC0415 - a list needs none, and it loads all of OpenSSL

    hashed = hashlib.sha256()
    with target.open("wb") as file:
        while block := source.read(_BLOCK):
            hashed.update(block)
            file.write(block)
            report(Progress(progress.step, file.tell(), progress.total))
    return hashed.hexdigest()


def digest(path: Path, report: Report) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    import hashlib  # noqa: PLC0415

    hashed = hashlib.sha256()
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while block := file.read(_BLOCK):
            hashed.update(block)
            report(Progress("verify", file.tell(), total))
    return hashed.hexdigest()


@contextmanager
def told_of_disk(directory: Path) -> Iterator[None]:
    """Raise what the disk refuses as our own error."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StorageError(
            f"can't keep a model in {directory}: {error.strerror or error}",
            hint="make room, then run it again" if full else "check its permissions, or set AGENTCTL_DATA_DIR",
        ) from error
