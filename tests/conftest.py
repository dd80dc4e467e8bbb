"""Fixtures that many tests share."""

from pathlib import Path

import pytest
from hypothesis import settings
from support.program import Program

# How long an example takes says more about the machine than about the code.
settings.register_profile("agentctl", deadline=None)
settings.load_profile("agentctl")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Agentctl in an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)
