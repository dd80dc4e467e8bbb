"""A PostgreSQL server is stopped at once, or all its processes are killed, under full load; then it is started again.

By default a few times; AGENTCTL_TEST_FULL=1 makes it 60 for each server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from support.cluster import Cluster, cluster
from support.crash.crowd import Crowd, verify
from support.postgres import OURS, Server, installation

from agentctl.store.open import connect

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
PARTS = 6 if FULL else 1
STOPS = 10 if FULL else 2  # of each part
LATEST = 200  # acknowledgements after which the next stop is due
PATIENCE = 60  # seconds that the writers wait for the server


@pytest.fixture(scope="module", params=OURS)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running server on which a commit is durable."""
    with cluster(installation(request.param), fsync=True) as made:
        made.start()
        yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_stops_under_load(server: Cluster, seed: int, part: int) -> None:
    """Writers wait for the server and go on: nothing that was acknowledged is lost, and nothing is there twice."""
    chance, durable = Random(f"{seed}/{part}"), dict[str, int]()
    with Server(server.url).database() as url:
        connect(url).close()
        with Crowd(url, part, processes=3, threads=3, patience=PATIENCE) as crowd:
            said = crowd.said()
            for _ in range(STOPS):
                durable |= dict(next(said) for _ in range(chance.randint(1, LATEST)))
                chance.choice((server.stop_at_once, server.kill))()
                server.start()
            durable |= dict(next(said) for _ in range(LATEST))
            crowd.kill_all()
            durable |= dict(said)
        with closing(connect(url)) as database:
            assert verify(database, durable) == []
