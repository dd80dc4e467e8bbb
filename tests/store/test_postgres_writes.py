"""Writes to PostgreSQL take effect once, whatever happens to connections and servers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from support.databases import end_all, names, rows
from support.pgproxy import Moment, proxy

from agentctl.errors import StorageError
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.store.postgres.database import open_postgres
from agentctl.store.postgres.waiting import Patience

PATIENCE = 20


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_whose_answer_is_lost(server_url: str, moment: Moment) -> None:
    """The write took effect once, whether or not the server had committed when the connection broke."""
    ran: list[int] = []

    def work(tx: Transaction) -> str:
        ran.append(len(ran))
        return sessions.create(tx, "once").id

    with proxy(server_url) as (network, through), closing(connect(through)) as database:
        network.break_at = moment
        created = database.write(work)
        assert network.broken == 1
    assert rows(server_url, "SELECT id, name FROM sessions") == [(created, "once")]
    assert ran == ([0] if moment == "after" else [0, 1])


def test_every_connection_is_ended_again_and_again(server_url: str) -> None:
    """Writes go on over connections that an administrator ends, and each takes effect once."""
    done = threading.Event()

    def harass() -> None:
        while not done.wait(0.05):
            end_all(server_url)

    with closing(connect(server_url)) as database, ThreadPoolExecutor(5) as pool:
        pool.submit(harass)
        try:
            calls = [pool.submit(database.write, partial(sessions.create, name=f"{n:03}")) for n in range(60)]
            for call in calls:
                call.result(PATIENCE)
        finally:
            done.set()
        assert names(database) == [f"{n:03}" for n in range(60)]


def test_a_deadlock_is_nobody_s_trouble(server_url: str) -> None:
    """Two transactions that lock the same in another order both take effect."""
    meet = threading.Barrier(2, timeout=PATIENCE)

    with closing(connect(server_url)) as database, ThreadPoolExecutor(2) as pool:
        ids = [database.write(partial(sessions.create, name=name)).id for name in "ab"]
        first = [True, True]

        def rename(tx: Transaction, number: int) -> None:
            tx.execute("sessions.rename", id=ids[number], name=f"{number}")
            if first[number]:
                first[number] = False
                meet.wait()
            tx.execute("sessions.touch", id=ids[1 - number], title=f"{number}", now=number)

        for call in [pool.submit(database.write, partial(rename, number=number)) for number in range(2)]:
            call.result(PATIENCE)
        assert names(database) == ["0", "1"]


def test_a_server_that_goes_away_is_told_of_once(server_url: str) -> None:
    """A write waits for the server, and the user is told when it is away and when it is back."""
    told: list[str] = []
    away = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        away.set()

    with (
        proxy(server_url) as (network, through),
        closing(open_postgres(through, tell=tell)) as database,
        ThreadPoolExecutor(3) as pool,
    ):
        network.refuse = True
        end_all(server_url)
        calls = [pool.submit(database.write, partial(sessions.create, name=str(number))) for number in range(3)]
        assert away.wait(PATIENCE)
        network.refuse = False
        for call in calls:
            call.result(PATIENCE)
        assert names(database) == ["0", "1", "2"]
    where = f"PostgreSQL at 127.0.0.1:{network.port}"
    assert told == [f"{where} does not answer; waiting for it", f"{where} is back"]


def test_patience_ends(server_url: str) -> None:
    """After its patience, a write fails with what was wrong, and nothing was written."""
    with (
        proxy(server_url) as (network, through),
        closing(open_postgres(through, patience=Patience(write=0.2, read=0.1))) as database,
    ):
        network.refuse = True
        end_all(server_url)
        with pytest.raises(StorageError, match="can't reach"):
            database.write(sessions.create)
        with pytest.raises(StorageError, match="can't reach"):
            database.read(sessions.latest)
    assert rows(server_url, "SELECT * FROM sessions") == []


def test_receipts_stay_few(server_url: str) -> None:
    """Each transaction drops the receipt of the one before, and a database that is closed leaves none."""
    with closing(connect(server_url)) as database:
        for _ in range(30):
            database.write(sessions.create)
        assert len(rows(server_url, "SELECT * FROM receipts")) == 1
    assert rows(server_url, "SELECT * FROM receipts") == []


def test_receipts_of_the_dead_are_dropped(server_url: str) -> None:
    """What a killed process left a day ago goes when the next one ends."""
    rows(server_url, "INSERT INTO receipts VALUES ('old', 1), ('new', 9000000000000000) RETURNING 1")
    with closing(connect(server_url)) as database:
        database.write(sessions.create)
    assert rows(server_url, "SELECT id FROM receipts") == [("new",)]
