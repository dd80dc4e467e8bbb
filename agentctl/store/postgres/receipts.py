"""Receipts: how it is known whether a transaction was committed whose answer never came."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar, cast

from agentctl.ids import new_id
from agentctl.store.base import Transaction
from agentctl.store.postgres.connection import WRITE, Connection
from agentctl.store.postgres.transaction import transact

T = TypeVar("T")

_LEFT_OVER = 24 * 3600 * 1_000_000  # µs; by then nobody asks any more


class Receipts:
    """The receipts of this process that nobody will ask for any more: each transaction drops those of before."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._settled: list[str] = []

    def take(self) -> list[str]:
        """Return those that are to be dropped; each is given to one transaction."""
        with self._mutex:
            settled, self._settled = self._settled, []
        return settled

    def settle(self, *receipts: str) -> None:
        """Have these dropped."""
        with self._mutex:
            self._settled.extend(receipts)


class Once(Generic[T]):
    """Work that takes effect once, however often its transaction is tried."""

    def __init__(self, work: Callable[[Transaction], T], receipts: Receipts) -> None:
        self._work = work
        self._receipts = receipts
        self._id = new_id()
        self._result: T | None = None

    def run(self, connection: Connection) -> T:
        """Do it in a transaction, unless an earlier attempt was committed; return what it returned."""
        dropped = self._receipts.take()

        def work(tx: Transaction) -> None:
            if tx.one("receipts.leave", id=self._id, settled=",".join(dropped), now=_now()) is not None:
                self._result = self._work(tx)

        try:
            transact(connection, WRITE, work)
        except BaseException:
            self._receipts.settle(*dropped)
            raise
        self._receipts.settle(self._id)
        return cast("T", self._result)


def drop(connection: Connection, settled: Sequence[str]) -> None:
    """Drop these, and what dead processes left."""
    with connection.transaction(WRITE):
        connection.execute("receipts.drop", settled=",".join(settled), before=_now() - _LEFT_OVER)


def _now() -> int:
    return time.time_ns() // 1000
