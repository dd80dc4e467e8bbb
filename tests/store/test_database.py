"""What every database does, whatever its backend."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial

import pytest

from agentctl.errors import StorageError, UsageError
from agentctl.store import sessions
from agentctl.store.base import Database, LockBusyError, Transaction
from agentctl.store.open import connect

PATIENCE = 20.0


def names(database: Database) -> list[str | None]:
    return [summary.name for summary in database.read(lambda tx: sessions.listing(tx, 1000))]


def hold_writer(database: Database) -> threading.Event:
    """Keep the writer busy until the event is set, so that what is submitted meanwhile makes one group.

    In memory there is no writer and no group: work is done when it is submitted.
    """
    entered, go = threading.Event(), threading.Event()
    if database.url == ":memory:":
        return go

    def work(_: Transaction) -> None:
        entered.set()
        assert go.wait(PATIENCE)

    database.submit(work)
    assert entered.wait(PATIENCE)
    return go


def test_a_write_is_seen(database: Database) -> None:
    """A write returns what its work returned, and every later read sees it."""
    created = database.write(lambda tx: sessions.create(tx, "a"))
    assert database.read(lambda tx: sessions.get(tx, created.id)) == created


def test_failed_work_leaves_nothing(database: Database) -> None:
    """Work that raises is undone, and whoever waits for it gets that very error."""
    error = UsageError("no")

    def work(tx: Transaction) -> None:
        sessions.create(tx, "lost")
        raise error

    with pytest.raises(UsageError) as caught:
        database.write(work)
    assert caught.value is error
    assert names(database) == []


def test_a_refused_change_leaves_the_rest_of_its_work(database: Database) -> None:
    """Work may catch a StorageError of one query and go on."""

    def work(tx: Transaction) -> str:
        with pytest.raises(StorageError):
            tx.execute("branches.create", id="b", session_id="nobody", parent_id=None, fork_seq=-1)
        return sessions.create(tx, "kept").id

    assert database.write(work)
    assert names(database) == ["kept"]


def test_work_fails_alone(database: Database) -> None:
    """Of much work submitted at once, only that which fails is undone."""

    def work(number: int, tx: Transaction) -> int:
        sessions.create(tx, str(number))
        if number % 3 == 0:
            raise UsageError(str(number))
        return number

    go = hold_writer(database)
    calls = [database.submit(partial(work, number)) for number in range(20)]
    go.set()
    wait(calls, PATIENCE)
    assert [call.exception() is not None for call in calls] == [n % 3 == 0 for n in range(20)]
    assert sorted(names(database), key=str) == sorted((str(n) for n in range(20) if n % 3), key=str)


def test_many_threads(database: Database) -> None:
    """Threads that write at once lose nothing."""

    def write(number: int) -> None:
        for turn in range(10):
            database.write(partial(sessions.create, name=f"{number}.{turn}"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    assert len(set(names(database))) == 160


def test_order_is_kept(database: Database) -> None:
    """One thread's writes happen in the order in which it submitted them."""
    order: list[int] = []

    def work(number: int, _: Transaction) -> None:
        order.append(number)

    wait([database.submit(partial(work, number)) for number in range(50)], PATIENCE)
    assert order == list(range(50))


def test_a_cancelled_write_does_not_happen(database: Database) -> None:
    """A future cancelled before its work begins cancels the work, and what follows still runs."""
    go = hold_writer(database)
    doomed = database.submit(partial(sessions.create, name="doomed"))
    cancelled = doomed.cancel()
    go.set()
    database.write(partial(sessions.create, name="next"))
    assert set(names(database)) == {"next"} | (set() if cancelled else {"doomed"})
    assert cancelled is (database.url != ":memory:")  # in memory, work is done when it is submitted


def test_a_read_sees_one_moment(database: Database) -> None:
    """Within one read nothing changes, whatever others write meanwhile."""
    with ThreadPoolExecutor(1) as pool:

        def look(tx: Transaction) -> tuple[int, int]:
            before = len(sessions.listing(tx, 10))
            writing = pool.submit(database.write, sessions.create)
            if database.url != ":memory:":  # there, a write waits for the read to end
                writing.result(PATIENCE)
            return before, len(sessions.listing(tx, 10))

        assert database.read(look) == (0, 0)
    assert len(names(database)) == 1


def test_a_read_can_not_write(database: Database) -> None:
    """A read that tries to write is refused, and the next read works."""
    with pytest.raises(StorageError):
        database.read(sessions.create)
    assert names(database) == []
    database.write(sessions.create)


@pytest.mark.parametrize("value", [2**63, "\ud800"])
def test_values_that_fit_no_column(database: Database, value: str | int) -> None:
    """A value that the database can't hold is a StorageError, not a crash of the writer."""
    with pytest.raises(StorageError, match="does not fit"):
        database.write(lambda tx: tx.execute("sessions.touch", id="x", title=None, now=value))
    database.write(sessions.create)


@pytest.mark.parametrize("name", ["s1", "../up", "..", "", "a/b", "ü\n"])
def test_a_lock_keeps_others_out(database: Database, name: str) -> None:
    """A lock is refused while it is held, whatever its name, and free after; other names are independent."""
    with database.lock(name, wait=0):
        with pytest.raises(LockBusyError), database.lock(name, wait=0.01):
            pass
        with database.lock("another", wait=0):
            pass
    with database.lock(name, wait=0):
        pass


def test_a_lock_is_freed_by_an_error(database: Database) -> None:
    """An error inside the lock lets go of it."""
    with pytest.raises(UsageError), database.lock("s", wait=0):
        raise UsageError("no")
    with database.lock("s", wait=0):
        pass


def test_a_lock_is_handed_on(database: Database) -> None:
    """Who waits for a lock gets it when its holder leaves."""
    entered = threading.Event()

    def take() -> None:
        with database.lock("s", wait=PATIENCE):
            entered.set()

    with database.lock("s", wait=0):
        thread = threading.Thread(target=take)
        thread.start()
        assert not entered.is_set()
    thread.join(PATIENCE)
    assert entered.is_set()


def test_closing_finishes_what_was_submitted(url: str) -> None:
    """Work submitted before `close` is done when `close` returns; closing twice is harmless."""
    database = connect(url)
    futures = [database.submit(sessions.create) for _ in range(20)]
    database.close()
    database.close()
    assert all(future.done() for future in futures)
    with closing(connect(url)) as again:
        assert len(names(again)) == 20


def test_a_closed_database_refuses(database: Database) -> None:
    """After `close` every call says that the database is closed."""
    database.close()
    for call in (database.write, database.read, lambda work: database.submit(work).result(PATIENCE)):
        with pytest.raises(StorageError, match="closed"):
            call(sessions.drafts)


def test_a_sound_database(database: Database) -> None:
    """A check of a database that only we have written finds nothing wrong."""
    database.write(sessions.create)
    assert database.check() == []
