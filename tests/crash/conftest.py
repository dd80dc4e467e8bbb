"""How many crashes there are, and by which seed."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def seed() -> int:
    """AGENTCTL_TEST_SEED chooses other crashes."""
    return int(os.environ.get("AGENTCTL_TEST_SEED", "20261127"))
