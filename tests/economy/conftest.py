"""The backends that the ledger must keep the same books in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import POSTGRES, Backends

from agentctl.store.base import Database
from agentctl.store.open import connect


@pytest.fixture(params=["memory", *POSTGRES])
def database(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each backend."""
    with backends.url(request.param, tmp_path) as place, closing(connect(place)) as opened:
        yield opened
