"""A crowd of writers, a session each, that nobody disturbs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from support.backends import POSTGRES, Backends
from support.crash.crowd import Crowd, verify

from agentctl.store.open import connect

COUNT = 5  # messages of each
PROCESSES = 8


@pytest.mark.parametrize(("backend", "threads"), [("file", 8), (POSTGRES[0], 2)])
def test_everybody_gets_to_write(backends: Backends, tmp_path: Path, backend: str, threads: int) -> None:
    """Many writers in eight processes all write all they have to; `tests/bench/writers.py` measures how evenly."""
    with backends.url(backend, tmp_path) as url:
        with Crowd(url, 0, processes=PROCESSES, threads=threads, count=COUNT) as crowd:
            durable = dict(crowd.said())
            assert crowd.wait() == 0
        assert sorted(durable.values()) == [COUNT] * PROCESSES * threads
        with closing(connect(url)) as database:
            assert verify(database, durable) == []
