"""Locks between processes in PostgreSQL: freed by death, taken again when they are lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import psycopg
import pytest
from support.cluster import cluster
from support.databases import end_all, names, rows
from support.pgbouncer import bouncer
from support.postgres import OURS, installation

from agentctl.store import sessions
from agentctl.store.base import LockBusyError
from agentctl.store.open import connect
from agentctl.store.postgres.database import open_postgres
from agentctl.store.postgres.waiting import Patience

PATIENCE = 20
HOLDER = """
import sys
from agentctl.store.open import connect
with connect(sys.argv[1]).lock(sys.argv[2], wait=0):
    print("held", flush=True)
    sys.stdin.read()
"""

FORKED = """
import os, sys
from agentctl.store import sessions
from agentctl.store.base import LockBusyError
from agentctl.store.open import connect
database, other = connect(sys.argv[1]), connect(sys.argv[1])
def told(name):
    try:
        with other.lock(name, wait=0):
            return "free"
    except LockBusyError:
        return "busy"
with database.lock("turn", wait=0):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        print(told("turn"))
    else:
        database.write(sessions.create)
if not child:
    print("child", flush=True)
    os._exit(0)
print(told("turn"))
"""
TAKE = "SELECT pg_advisory_xact_lock(hashtextextended('turn', 'sessions'::regclass::oid::bigint))"


def test_a_killed_holder_frees_its_lock(server_url: str) -> None:
    """The death of a process frees what it held, with nothing left to wait for."""
    with closing(connect(server_url)) as database:
        pipe = subprocess.PIPE
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, server_url, "turn"], stdin=pipe, stdout=pipe)
        with holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(LockBusyError), database.lock("turn", wait=0):
                pass
            holder.send_signal(signal.SIGKILL)
        with database.lock("turn", wait=PATIENCE):
            pass


def test_a_lost_lock_is_taken_again_before_the_next_write(server_url: str) -> None:
    """Whoever loses the connection that holds a lock has the lock again when its next write takes effect."""
    with closing(connect(server_url)) as database, closing(connect(server_url)) as other:
        with database.lock("turn", wait=0):
            end_all(server_url)
            database.write(sessions.create)
            with pytest.raises(LockBusyError), other.lock("turn", wait=0):
                pass
        with other.lock("turn", wait=0):
            pass


def test_a_lost_lock_is_taken_again_at_once(server_url: str) -> None:
    """Whoever loses the connection that holds a lock has the lock again, also while it does nothing."""
    with closing(connect(server_url)) as database, database.lock("turn", wait=0):
        (first,) = holders(server_url, 1)
        rows(server_url, f"SELECT pg_terminate_backend({first}, 10000)")
        assert holders(server_url, 1) != [first]


@pytest.mark.parametrize("kind", OURS[:1])
def test_a_lock_outlives_a_restart(kind: str) -> None:
    """A lock is there again when the server is, without a write."""
    with cluster(installation(kind), fsync=False) as server:
        server.start()
        with closing(connect(server.url)) as database, database.lock("turn", wait=0):
            server.stop()
            server.start()
            holders(server.url, 1)


def test_a_lost_lock_that_another_took(server_url: str) -> None:
    """Writes go on without a lock that another got before it could be taken again; it is taken when that lets go."""
    with (
        closing(open_postgres(server_url, patience=Patience(lock=0.1))) as database,
        psycopg.connect(server_url) as other,
        ThreadPoolExecutor(1) as pool,
        database.lock("turn", wait=0),
    ):
        (first,) = holders(server_url, 1)
        taking = pool.submit(other.execute, TAKE)  # it stands in line
        holders(server_url, 1, granted=False)
        rows(server_url, f"SELECT pg_terminate_backend({first}, 10000)")
        taking.result(PATIENCE)
        database.write(sessions.create)
        assert holders(server_url, 1) == [other.info.backend_pid]
        other.commit()
        assert holders(server_url, 1) != [other.info.backend_pid]


def test_a_fork_leaves_the_lock_to_its_parent(server_url: str) -> None:
    """A child that unwinds what its parent holds, and writes, frees nothing and takes nothing."""
    with closing(connect(server_url)) as database:
        done = subprocess.run([sys.executable, "-c", FORKED, server_url], check=True, capture_output=True, text=True)
        assert done.stdout.split() == ["child", "busy", "free"]
        assert len(names(database)) == 1


def test_no_thread_without_a_lock(server_url: str) -> None:
    """The thread that keeps locks ends with the last of them, and the next lock has one again."""
    with closing(connect(server_url)) as database:
        for _ in range(2):
            with database.lock("one", wait=0), database.lock("two", wait=0):
                (keeper,) = (thread for thread in threading.enumerate() if thread.name == "agentctl-locks")
            keeper.join(PATIENCE)
            assert not keeper.is_alive()


def test_more_turns_than_connections(server_url: str) -> None:
    """Who holds a lock can write though a pooler has few connections and others wait for one."""

    def turn(n: int) -> None:
        with closing(connect(through)) as database:
            together.wait(PATIENCE)
            with database.lock(f"turn {n}", wait=PATIENCE):
                database.write(partial(sessions.create, name=str(n)))

    together = threading.Barrier(6)
    with bouncer(server_url, connections=3) as through, ThreadPoolExecutor(6) as pool:
        list(pool.map(turn, range(6)))
    with closing(connect(server_url)) as database:
        assert names(database) == [str(n) for n in range(6)]


def test_waiting_for_a_lock_takes_no_connection(server_url: str) -> None:
    """Those who wait for a lock do not keep its holder from what would end their waiting."""
    waiting = threading.Barrier(5)

    def wait_for_it() -> None:
        with closing(connect(through)) as database:
            waiting.wait(PATIENCE)
            with database.lock("turn", wait=PATIENCE):
                pass

    with (
        bouncer(server_url, connections=3) as through,
        closing(connect(through)) as database,
        ThreadPoolExecutor(4) as pool,
    ):
        with database.lock("turn", wait=0):
            waiters = [pool.submit(wait_for_it) for _ in range(4)]
            waiting.wait(PATIENCE)
            for _ in range(20):
                database.write(sessions.create)
        for waiter in waiters:
            waiter.result(2 * PATIENCE)


def holders(url: str, count: int, *, granted: bool = True) -> list[int]:
    """The processes of the server that hold locks, or wait for them, as soon as there are so many of them."""
    query = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted = {granted}"
    found: list[int] = []
    end = time.monotonic() + PATIENCE
    while len(found) != count and time.monotonic() < end:
        found = [pid for (pid,) in rows(url, query)]
    assert len(found) == count
    return found


def test_through_a_pooler(server_url: str) -> None:
    """Behind PgBouncer in transaction mode, writes, reads and locks are what they are without."""
    with bouncer(server_url, connections=4) as through, closing(connect(through)) as database:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: database.write(partial(sessions.create, name=f"{n:02}")), range(40)))
        assert names(database) == [f"{n:02}" for n in range(40)]
        with database.lock("turn", wait=0), closing(connect(through)) as other:
            with pytest.raises(LockBusyError), other.lock("turn", wait=0.1):
                pass
            other.write(sessions.create)
        with database.lock("turn", wait=0):
            pass
