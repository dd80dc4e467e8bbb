"""A database that does what another does, for breaking one thing of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from agentctl.store.base import Database, Row, Transaction, Value

T = TypeVar("T")


class Queries:
    """A transaction that does what another does."""

    def __init__(self, inner: Transaction) -> None:
        self.inner = inner

    def execute(self, query: str, /, **values: Value) -> int:
        return self.inner.execute(query, **values)

    def one(self, query: str, /, **values: Value) -> Row | None:
        return self.inner.one(query, **values)

    def all(self, query: str, /, **values: Value) -> list[Row]:
        return self.inner.all(query, **values)

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        return self.inner.tuples(query, **values)


class Wrapper:
    """A database over another whose work sees transactions as `queries` makes them."""

    queries: Callable[[Transaction], Transaction] = Queries

    def __init__(self, inner: Database) -> None:
        self.inner = inner

    @property
    def url(self) -> str:
        return self.inner.url

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        return self.inner.submit(self.wrapped(work))

    def write(self, work: Callable[[Transaction], T]) -> T:
        return self.submit(work).result()

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.inner.read(self.wrapped(work))

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        return self.inner.lock(name, wait=wait)

    def check(self) -> list[str]:
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()

    def wrapped(self, work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
        make = type(self).queries
        return lambda tx: work(make(tx))


class Undone(Exception):  # noqa: N818 - no error, a way out of a transaction
    """Carries the result of work out of a transaction that is rolled back."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


def tried(database: Database, work: Callable[[Transaction], T]) -> T:
    """Run work as if it were written, and undo it."""

    def undone(tx: Transaction) -> None:
        raise Undone(work(tx))

    try:
        database.write(undone)
    except Undone as end:
        result: T = end.result
        return result
    raise AssertionError


def at_once(call: Callable[[], T]) -> Future[T]:
    """A future of what is done now."""
    future: Future[T] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
        future.set_exception(error)
    return future
