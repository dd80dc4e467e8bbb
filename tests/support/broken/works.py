"""Stores that break a law of transactions."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from typing import Any, ClassVar

from agentctl.errors import StorageError
from agentctl.store.base import Database, Row, Transaction, Value
from agentctl.store.open import connect
from support.broken.wrapper import T, Wrapper, at_once, tried


class Forgetful(Wrapper):
    """Forgets every third write, the first among them."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._count = itertools.count()

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        if next(self._count) % 3:
            return super().submit(work)
        return at_once(lambda: tried(self.inner, work))


class HalfCommitting(Wrapper):
    """Keeps what work did before it failed."""

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        return at_once(lambda: self._half(work))

    def _half(self, work: Callable[[Transaction], T]) -> T:
        errors: list[Exception] = []

        def kept(tx: Transaction) -> list[T]:
            try:
                return [work(tx)]
            except Exception as error:  # noqa: BLE001 - whatever it is
                errors.append(error)
                return []

        done = self.inner.write(kept)
        for error in errors:
            raise error
        return done[0]


class Translating(Wrapper):
    """Makes an error of its own of that which work raises."""

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        return at_once(lambda: self._translated(work))

    def _translated(self, work: Callable[[Transaction], T]) -> T:
        try:
            return self.inner.write(work)
        except Exception as error:
            raise StorageError(str(error)) from error


class Doubling(Wrapper):
    """Does all work again, as one that tries again after a commit whose answer was lost."""

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        def again() -> T:
            self.inner.write(work)
            return self.inner.write(work)

        return at_once(again)


class Disordered(Wrapper):
    """Does the second of two submitted works first."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._held: list[tuple[Callable[[Transaction], Any], Future[Any]]] = []

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        if not self._held:
            future: Future[T] = Future()
            self._held.append((work, future))
            return future
        done = self.inner.submit(work)
        held, waiting = self._held.pop()
        waiting.set_result(self.inner.write(held))
        return done


class Lazy(Wrapper):
    """Says that work is done, and does it when it is closed."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._late: list[Callable[[Transaction], Any]] = []

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        self._late.append(work)
        return at_once(lambda: tried(self.inner, work))

    def close(self) -> None:
        for work in self._late:
            self.inner.write(work)
        super().close()


class Hurried(Wrapper):
    """Lets go of what was submitted when it is closed."""

    def __init__(self, inner: Database) -> None:
        super().__init__(inner)
        self._waiting: list[Future[Any]] = []

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        future: Future[T] = Future()
        self._waiting.append(future)
        return future

    def close(self) -> None:
        for future in self._waiting:
            future.cancel()
        super().close()


class Dirty(Wrapper):
    """Reads what another transaction of this process has not committed."""

    _open: ClassVar[dict[str, Transaction]] = {}

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        def seen(tx: Transaction) -> T:
            self._open[self.url] = tx
            try:
                return work(tx)
            finally:
                del self._open[self.url]

        return self.inner.submit(seen)

    def read(self, work: Callable[[Transaction], T]) -> T:
        tx = self._open.get(self.url)
        return work(tx) if tx else self.inner.read(work)


class Moving(Wrapper):
    """Lets each query of a read see another moment."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        return work(_Apart(self.inner))


class Writable(Wrapper):
    """Lets a read write."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.inner.write(work)


class Undead(Wrapper):
    """Goes on after it was closed."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        with closing(connect(self.url)) as again:
            return again.read(work)


class Racing(Wrapper):
    """Looks whether there is room under a limit, and then takes it without another look."""

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        return at_once(lambda: self._taken(work))

    def _taken(self, work: Callable[[Transaction], T]) -> T:
        result = tried(self.inner, work)
        if result is not True:
            return result if result is False else self.inner.write(work)
        time.sleep(0.1)  # so that others look meanwhile, as they will do one day
        return self.inner.write(lambda tx: work(Generous(tx)))


class Generous:
    """A transaction that knows no limits."""

    def __init__(self, inner: Transaction) -> None:
        self._inner = inner

    def execute(self, query: str, /, **values: Value) -> int:
        unlimited = {name: None for name in values if name.endswith("_limit")}
        return self._inner.execute(query, **(values | unlimited))

    def one(self, query: str, /, **values: Value) -> Row | None:
        return self._inner.one(query, **values)

    def all(self, query: str, /, **values: Value) -> list[Row]:
        return self._inner.all(query, **values)

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        return self._inner.tuples(query, **values)


class _Apart:
    """A transaction whose every query is one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def execute(self, query: str, /, **values: Value) -> int:
        return self._database.read(lambda tx: tx.execute(query, **values))

    def one(self, query: str, /, **values: Value) -> Row | None:
        return self._database.read(lambda tx: tx.one(query, **values))

    def all(self, query: str, /, **values: Value) -> list[Row]:
        return self._database.read(lambda tx: tx.all(query, **values))

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        return self._database.read(lambda tx: tx.tuples(query, **values))
