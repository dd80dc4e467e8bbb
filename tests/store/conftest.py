"""The backends that must behave alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentctl.store.base import Database
from agentctl.store.open import connect


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a new database may be."""
    return f"sqlite:///{tmp_path}/data/agentctl.db"


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, url: str) -> Iterator[Database]:
    """An empty database of each backend."""
    opened = connect(url if request.param == "file" else ":memory:")
    yield opened
    opened.close()
