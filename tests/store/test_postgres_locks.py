"""Locks between processes in PostgreSQL: freed by death, taken again when they are lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from support.databases import end_all, names
from support.pgbouncer import bouncer

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


def test_a_lost_lock_that_another_took_stops_the_writes(server_url: str) -> None:
    """Nobody writes on under a lock that is another's by now."""
    with (
        closing(open_postgres(server_url, patience=Patience(lock=0.1))) as database,
        closing(connect(server_url)) as other,
        database.lock("turn", wait=0),
    ):
        end_all(server_url)
        with other.lock("turn", wait=PATIENCE), pytest.raises(LockBusyError):
            database.write(sessions.create)
        database.write(sessions.create)


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
