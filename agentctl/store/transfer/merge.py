"""Brings one table of the target to what the source has: it adds what is missing, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from agentctl.errors import StorageError
from agentctl.store.base import Database, Row, Transaction
from agentctl.store.transfer.tables import PAGE, Table

Step = Callable[[Transaction], None]


def merge(table: Table, source: Transaction, target: Database, tell: Callable[[int], None]) -> None:
    """Write to `target` what it lacks of the `table` of `source`, a page in a transaction.

    Both are read in the order of the key, so it takes no memory to speak of and goes on where another copy stopped.

    Args:
        table: the table.
        source: a snapshot.
        target: what is written to; nobody else writes these rows.
        tell: is called with how many rows of the source are done.
    """
    steps = _steps(table, source, target, tell)
    while work := list(islice(steps, PAGE)):
        target.write(partial(_write, work))


def _named(step: Callable[[Transaction, Row], None], table: Table, row: Row, where: str, tx: Transaction) -> None:
    """Do a step; where the target refuses it, say which row that is."""
    try:
        step(tx, row)
    except StorageError as error:
        if type(error) is not StorageError:  # those of its kinds are tried again, or say what is to be done
            raise
        key = ", ".join(f"{name} {str(row[name])[:60]!r}" for name in table.key)
        raise StorageError(
            f"{where} does not take a row of {table.name} ({key}): {error.message}",
            hint="the source is as it was; shorten or purge that there, and run this again",
        ) from error


def _write(work: list[Step], tx: Transaction) -> None:
    before = tx.one("transfer.event")
    for step in work:
        step(tx)
    # What is copied did not happen here; and what else is told of shows that somebody uses the target already.
    tx.execute("transfer.forget_events", seq=before["seq"] if before else 0)


def _steps(table: Table, source: Transaction, target: Database, tell: Callable[[int], None]) -> Iterator[Step]:
    # What this writes to the target is never after the place where it reads.
    there = table.rows(lambda place: target.read(lambda tx: table.page(tx, place)))
    other = next(there, None)
    for done, row in enumerate(table.rows(partial(table.page, source)), 1):
        key = table.key_of(row)
        while other is not None and table.key_of(other) < key:
            yield partial(table.delete, row=other)
            other = next(there, None)
        if other is None or table.key_of(other) != key:
            yield partial(_named, table.insert, table, row, target.url)
        else:
            if other != row:
                yield partial(_named, table.change, table, row, target.url)
            other = next(there, None)
        if done % PAGE == 0:
            tell(done)
    while other is not None:
        yield partial(table.delete, row=other)
        other = next(there, None)
