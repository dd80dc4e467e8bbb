"""SIGKILL for all writers of a database at once, at full load and at any moment.

By default ten times; AGENTCTL_TEST_FULL=1 makes it 200.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

import pytest
from support.crash.crowd import Crowd, verify

from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.open import connect

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
DATABASES = 20 if FULL else 1
KILLS = 10  # of each database
LATEST = 300  # acknowledgements after which the kill is due


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a new database may be."""
    return f"sqlite:///{tmp_path}/data/agentctl.db"


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
