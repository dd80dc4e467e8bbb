"""Fixtures that many tests share."""

from pathlib import Path

import pytest
from support.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """agentctl in an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)
