"""Transactions: all or nothing, in order, durable, and reads of one moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from agentctl.errors import StorageError, UsageError
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.testing.conformance.check import PATIENCE, Store, Violation, check, expect, refused

_MANY = 1000


@check()
def a_write_is_seen(store: Store) -> None:
    """A write returns what its work returned, and every later read sees what it wrote."""
    with closing(store.open()) as database:
        created = database.write(partial(sessions.create, name="a"))
        expect(database.read(partial(sessions.get, session_id=created.id)), created, "what is read")


@check()
def failed_work_leaves_nothing(store: Store) -> None:
    """Work that raises is undone to its first change, and whoever waits for it gets that very error."""
    error = UsageError("no")

    def work(tx: Transaction) -> None:
        sessions.create(tx, "one")
        sessions.create(tx, "two")
        raise error

    with closing(store.open()) as database:
        caught = refused(Exception, partial(database.write, work), "failed work")
        expect(names(database), [], "what is left of failed work")
        if caught is not error:
            raise Violation(f"the error of the work became another: {caught!r}")


@check()
def work_fails_alone(store: Store) -> None:
    """Of much work that is submitted at once, only that which fails is undone."""

    def work(tx: Transaction, number: int) -> None:
        sessions.create(tx, f"{number:02}")
        if number % 3 == 0:
            raise UsageError(str(number))

    with closing(store.open()) as database:
        futures = [database.submit(partial(work, number=number)) for number in range(20)]
        failed = [future.exception(PATIENCE) is not None for future in futures]
        expect(failed, [number % 3 == 0 for number in range(20)], "which work failed")
        expect(sorted(names(database)), [f"{n:02}" for n in range(20) if n % 3], "what is kept")


@check()
def a_refused_change_leaves_the_rest_of_its_work(store: Store) -> None:
    """Work may catch the StorageError of one query and go on, with what it did before and does after."""

    def work(tx: Transaction) -> None:
        sessions.create(tx, "before")
        orphan = partial(tx.execute, "branches.create", id="b", session_id="no", parent_id=None, fork_seq=-1, now=0)
        refused(StorageError, orphan, "a branch of no session")
        sessions.create(tx, "after")

    with closing(store.open()) as database:
        database.write(work)
        expect(sorted(names(database)), ["after", "before"], "what is kept")


@check()
def writes_happen_in_order(store: Store) -> None:
    """What one thread submits happens in the order in which it does, without waiting for each."""
    with closing(store.open()) as database:
        futures = [database.submit(partial(sessions.create, name=f"{number:02}")) for number in range(30)]
        for future in futures:
            future.result(PATIENCE)
        expect(names(database)[::-1], [f"{number:02}" for number in range(30)], "the order")


@check()
def many_threads_lose_nothing(store: Store) -> None:
    """Threads that write at once all find what they wrote, once."""

    def write(database: Database, number: int) -> None:
        for turn in range(5):
            database.write(partial(sessions.create, name=f"{number}.{turn}"))

    with closing(store.open()) as database, ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(write, database), range(8)))
        expect(sorted(names(database)), sorted(f"{n}.{turn}" for n in range(8) for turn in range(5)), "what is kept")


@check("shared")
def what_is_resolved_is_there_for_all(store: Store) -> None:
    """Once a write is resolved, whoever opens the store sees it, while its writer is still at work."""
    with closing(store.open()) as database:
        for number in range(10):
            database.submit(partial(sessions.create, name=str(number))).result(PATIENCE)
            with closing(store.open()) as other:
                expect(len(names(other)), number + 1, "the writes that another sees")


@check("shared")
def nothing_is_seen_before_it_is_committed(store: Store) -> None:
    """Others see all changes of a transaction at once, and none before its work is done."""
    entered, go = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        sessions.create(tx, "one")
        sessions.create(tx, "two")
        entered.set()
        go.wait(PATIENCE)

    with closing(store.open()) as database, closing(store.open()) as other:
        future = database.submit(work)
        try:
            expect(entered.wait(PATIENCE), True, "whether the work began")
            expect(names(other), [], "what is seen of work that is not done")
        finally:
            go.set()
        future.result(PATIENCE)
        expect(sorted(names(other)), ["one", "two"], "what is seen of work that is done")


@check("shared")
def a_read_sees_one_moment(store: Store) -> None:
    """Within one read nothing changes, whatever others write meanwhile."""
    with closing(store.open()) as database, closing(store.open()) as other:

        def look(tx: Transaction) -> tuple[int, int]:
            before = len(sessions.listing(tx, _MANY))
            other.submit(sessions.create).result(PATIENCE)
            return before, len(sessions.listing(tx, _MANY))

        expect(database.read(look), (0, 0), "what a read saw before and after another's write")
        expect(len(names(database)), 1, "what the next read sees")


@check()
def a_read_writes_nothing(store: Store) -> None:
    """A read that tries to write is refused, and what follows works."""
    with closing(store.open()) as database:
        refused(StorageError, lambda: database.read(sessions.create), "a write within a read")
        expect(names(database), [], "what the refused write left")
        database.write(sessions.create)
        expect(len(names(database)), 1, "what the next write left")


@check("shared")
def closing_finishes_what_was_submitted(store: Store) -> None:
    """What was submitted before `close` is done when that returns, and closing twice is harmless."""
    database = store.open()
    futures = [database.submit(sessions.create) for _ in range(20)]
    database.close()
    database.close()
    expect([future.done() and not future.cancelled() for future in futures], [True] * 20, "what is done")
    with closing(store.open()) as again:
        expect(len(names(again)), 20, "what is kept")


@check()
def a_closed_store_refuses(store: Store) -> None:
    """After `close`, reads and writes are refused with a StorageError."""
    database = store.open()
    database.close()
    refused(StorageError, lambda: database.read(sessions.drafts), "a read of a closed store")
    refused(StorageError, lambda: database.write(sessions.create), "a write to a closed store")


def names(database: Database) -> list[str]:
    """The names of all sessions, the one used last first; empty for one without."""
    return [summary.name or "" for summary in database.read(partial(sessions.listing, limit=_MANY))]


CHECKS = (
    a_write_is_seen,
    failed_work_leaves_nothing,
    work_fails_alone,
    a_refused_change_leaves_the_rest_of_its_work,
    writes_happen_in_order,
    many_threads_lose_nothing,
    what_is_resolved_is_there_for_all,
    nothing_is_seen_before_it_is_committed,
    a_read_sees_one_moment,
    a_read_writes_nothing,
    closing_finishes_what_was_submitted,
    a_closed_store_refuses,
)
