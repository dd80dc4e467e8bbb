"""SIGKILL for all writers of a database at once, at full load and at any moment.

By default a few times for each backend; AGENTCTL_TEST_FULL=1 makes it 200.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

import pytest
from support.backends import POSTGRES, Backends
from support.crash.crowd import PRICE, Crowd, verify

from agentctl.economy import ledger
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.open import connect
from agentctl.usage import Usage

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
DATABASES = 20 if FULL else 1
KILLS = 10 if FULL else 3  # of each database
LATEST = 300  # acknowledgements after which the kill is due


@pytest.fixture(params=("file", *POSTGRES))
def url(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each backend that outlives a process."""
    with backends.url(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("number", range(DATABASES))
def test_kills_at_full_load(url: str, seed: int, number: int) -> None:
    """What was acknowledged is there once, the database is sound, no lock is left, and the next writers go on."""
    chance = Random(f"{seed}/{number}")
    durable: dict[str, int] = {}
    for kill in range(KILLS):
        durable |= _killed(url, kill, chance)
        with closing(connect(url)) as database:
            assert verify(database, durable) == []
            session = database.write(sessions.create)
            database.write(partial(sessions.append, session=session, message=user("on")))


def test_what_is_lost_or_doubled_is_found_out(tmp_path: Path) -> None:
    """Of a crowd's work a message that is taken away is missed, and a charge that is made twice is seen."""
    path = tmp_path / "agentctl.db"
    with Crowd(f"sqlite:///{path}", 0, processes=1, threads=2, count=8) as crowd:
        durable = dict(crowd.said())
    with closing(connect(f"sqlite:///{path}")) as database:
        assert verify(database, durable) == []
        one, other = durable
        call = ledger.Call("again", one, "p", "m")
        database.write(lambda tx: ledger.charge(tx, call, Usage(), PRICE, "final", None, None))
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("INSERT INTO purges VALUES (?)", (other,))
            raw.execute("DELETE FROM messages WHERE session_id = ? AND seq = 7", (other,))
            raw.execute("UPDATE branches SET next_seq = 7 WHERE session_id = ?", (other,))
        assert verify(database, durable) == [
            f"session {one} has cost 0.003 with 8 messages",
            f"session {other} has 7 messages, and 8 were acknowledged",
        ]


def _killed(url: str, number: int, chance: Random) -> dict[str, int]:
    """What a crowd said before it was killed."""
    durable: dict[str, int] = {}
    due = chance.randint(1, LATEST)
    with Crowd(url, number, processes=3, threads=4) as crowd:
        timer = threading.Timer(chance.uniform(0, 0.01), crowd.kill_all)
        for count, (session_id, messages) in enumerate(crowd.said(), 1):
            durable[session_id] = max(messages, durable.get(session_id, 0))
            if count == due:
                timer.start()
        assert crowd.wait() < 0
    return durable
