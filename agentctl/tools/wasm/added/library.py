"""The components that the user added, each a copy in a directory of its own that only the user can enter."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from agentctl.errors import ToolError, UsageError
from agentctl.locks import FileLock
from agentctl.tools.wasm.added import naming
from agentctl.tools.wasm.added.manifest import COMPONENT, MANIFEST, Entry, dump, load

_HELD = "held"  # in a directory that its maker still needs


class Library:
    """The components in `directory`; granted variables are taken from `environ`."""

    def __init__(self, directory: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._directory = directory
        self._environ = environ

    def names(self) -> tuple[str, ...]:
        """The names of all components, in order."""
        if not self._directory.is_dir():
            return ()
        return tuple(sorted(one.name for one in self._directory.iterdir() if naming.COMPONENT.fullmatch(one.name)))

    def get(self, name: str) -> Entry:
        """Return the component of that name.

        Raises:
            UsageError: there is none.
            ConfigError: what is kept of it can't be read.
        """
        if name not in self.names():
            raise UsageError(f"there is no component {name!r}", hint="agentctl tools list")
        return load(self._directory / name, self._environ)

    def add(self, entry: Entry, data: bytes) -> Entry:
        """Keep the component `data` under the entry's name, and return the entry with its place.

        Raises:
            UsageError: the name is none, or is taken.
        """
        check_name(entry.name)
        with self._locked():
            self._sweep()
            target = self._directory / entry.name
            if target.exists():
                raise UsageError(
                    f"there is a component {entry.name} already", hint=f"agentctl tools remove {entry.name}"
                )
            fresh = self._directory / f".{entry.name}.{os.urandom(6).hex()}"
            fresh.mkdir(mode=0o700)
            try:
                _write(fresh / COMPONENT, data, 0o400)
                _write(fresh / MANIFEST, dump(entry), 0o600)
                fresh.rename(target)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
        return replace(entry, path=target / COMPONENT)

    def remove(self, name: str) -> None:
        """Forget a component.

        Raises:
            UsageError: there is none of that name.
        """
        with self._locked():
            if name not in self.names():
                raise UsageError(f"there is no component {name!r}", hint="agentctl tools list")
            going = self._directory / f".{name}.{os.urandom(6).hex()}"
            (self._directory / name).rename(going)
            shutil.rmtree(going)

    @contextmanager
    def aside(self, data: bytes) -> Iterator[Path]:
        """A copy of a component that is looked at before it is added; should this process be killed, it is swept up."""
        with self._locked():
            self._sweep()
            scratch = self._directory / f".aside.{os.urandom(6).hex()}"
            scratch.mkdir(mode=0o700)
            held = FileLock(scratch / _HELD)
            held.acquire()
        try:
            _write(scratch / COMPONENT, data, 0o400)
            yield scratch / COMPONENT
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            held.release()

    def _sweep(self) -> None:
        """Remove what an addition or removal left that was killed; what is held is one's that looks at a component."""
        for left in self._directory.glob(".*.*"):
            held = FileLock(left / _HELD)
            if left.is_dir() and held.acquire(0):
                shutil.rmtree(left, ignore_errors=True)
                held.release()

    def _locked(self) -> FileLock:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._directory / ".lock")


def check_name(name: str) -> None:
    """Say what a component may be called.

    Raises:
        UsageError: it is nothing like that.
    """
    if naming.reserved(name):
        raise UsageError(f"{name} is a name of agentctl's own", hint="give another one with --name")
    if not naming.COMPONENT.fullmatch(name):
        hint = "--name takes up to 40 of a-z, 0-9, and single - and _ between them, as json-query"
        raise UsageError(f"{name!r} is no name of a component", hint=hint)


def intact(entry: Entry) -> bool:
    """Whether the copy is the one that was added."""
    try:
        with entry.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256
    except OSError:
        return False


def check_intact(entry: Entry) -> None:
    """Let no component run that is not the one that was looked at when it was added.

    Raises:
        ToolError: it was changed, or is gone.
    """
    if not intact(entry):
        raise ToolError(
            f"the component {entry.name} is not the one that was added: {entry.path} was changed",
            hint=f"agentctl tools remove {entry.name}, and add it again if you trust it",
            reason="denied",
        )


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
