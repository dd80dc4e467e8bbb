"""A database file in a place that can't be written: a read-only file system, or the directory of somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from agentctl.store.base import ReadOnlyError, T, Transaction
from agentctl.store.migrate import Migration, load
from agentctl.store.sqlite.connection import Connection
from agentctl.store.sqlite.reading import reading_uri
from agentctl.store.sqlite.schema import file_errors, lacking

if TYPE_CHECKING:
    from concurrent.futures import Future


def open_read_only(path: Path) -> ReadOnlyDatabase:
    """Open the database file at `path`, which is there.

    Raises:
        StorageError: it can't be opened, is damaged or foreign, or was not written by this version.
    """
    path = path.absolute()
    with file_errors(path):
        return ReadOnlyDatabase(path, load("sqlite"))


class ReadOnlyDatabase:
    """`Database` over one SQLite file that can be read, and refuses all else; made by `open_read_only`."""

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        self._path = path
        self._mutex = Lock()
        self._connection = Connection(reading_uri(path), str(path))
        if lacking(self._connection, migrations, str(path)):
            self._connection.close()
            raise self._refusal("and must be brought to this version first")

    @property
    def url(self) -> str:
        """`sqlite:///` and the absolute path."""
        return f"sqlite:///{self._path}"

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:  # noqa: ARG002 - it is refused
        """Refuse it."""
        raise self._refusal()

    def write(self, work: Callable[[Transaction], T]) -> T:  # noqa: ARG002 - it is refused
        """Refuse it."""
        raise self._refusal()

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a snapshot."""
        with self._mutex, self._connection.snapshot():
            return work(self._connection)

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:  # noqa: ARG002 - it is refused
        """Refuse it: a lock is a file."""
        raise self._refusal()

    def check(self) -> list[str]:
        """Return what is wrong with the file; it takes as long as reading all of it."""
        with self._mutex:
            return self._connection.check()

    def tidy(self, *, shrink: bool = False) -> None:  # noqa: ARG002 - it is refused
        """Refuse it."""
        raise self._refusal()

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._connection.close()

    def _refusal(self, why: str = "here") -> ReadOnlyError:
        return ReadOnlyError(
            f"{self._path} is read-only {why}",
            hint="check who owns it and its directory, and how that is mounted, or choose another `database`",
        )
