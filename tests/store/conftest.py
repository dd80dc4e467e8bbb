"""The backends that must behave alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import BACKENDS, Backends

from agentctl.store.base import Database
from agentctl.store.open import connect


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a new database may be."""
    return f"sqlite:///{tmp_path}/data/agentctl.db"


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each backend."""
    with backends.url(request.param, tmp_path) as place, closing(connect(place)) as opened:
        yield opened
