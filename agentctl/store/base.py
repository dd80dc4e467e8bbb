"""What the store asks of a database: short transactions over named queries, and locks between processes.

A database is one URL: `sqlite:///…` or `:memory:`. Queries live in `queries/*.sql` under a `-- name:` line each and are
called by file and name, like `sessions.get`, with named values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agentctl.errors import StorageError

if TYPE_CHECKING:
    from concurrent.futures import Future  # it takes longer to import than a listing takes to run

Value = str | int | float | None
Row = Mapping[str, Any]
T = TypeVar("T")


class DamagedError(StorageError):
    """A part of the database is damaged or missing."""


class ReadOnlyError(StorageError):
    """The database can be read, and not be written."""


class LockBusyError(StorageError):
    """Another process is using this just now."""


class Transaction(Protocol):
    """One transaction. All of it happens, or none."""

    def execute(self, query: str, /, **values: Value) -> int:
        """Run the named query and return how many rows it changed."""
        ...

    def one(self, query: str, /, **values: Value) -> Row | None:
        """Run the named query and return its first row, or None."""
        ...

    def all(self, query: str, /, **values: Value) -> list[Row]:
        """Run the named query and return its rows."""
        ...

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Run the named query and return its rows, each the values of its columns in order: for very many rows."""
        ...


class Database(Protocol):
    """A durable store that threads and processes share.

    Every method raises `StorageError` when the database can't be read or written.
    """

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` in a write transaction. The future resolves once its changes are durable."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """`submit`, and wait."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a read transaction: it sees one moment of the database."""
        ...

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        """Hold the lock `name` against all other holders, in this process and others; a holder's death frees it.

        Raises:
            LockBusyError: another holder kept it for all of `wait` seconds.
        """
        ...

    def check(self) -> list[str]:
        """Look through all of it and return what is wrong, a line each."""
        ...

    def tidy(self, *, shrink: bool = False) -> None:
        """Let nothing of what was deleted stay in the files and, with `shrink`, give their empty room back.

        That may take as long as reading all of it. Other processes may use it meanwhile; with `shrink` they wait.
        """
        ...

    def close(self) -> None:
        """Finish what was submitted and let go of the files."""
        ...
