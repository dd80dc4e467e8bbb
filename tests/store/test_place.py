"""The kind of file system that a database is on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agentctl.store.sqlite.place import magic, shared_kind


@pytest.mark.parametrize("place", ["/proc", "/sys", "/dev", "/"])
def test_the_kind_is_what_the_system_says(place: str) -> None:
    """The number is that which `stat` prints."""
    told = subprocess.run(["stat", "-f", "-c", "%t", place], check=True, capture_output=True, text=True).stdout
    assert magic(Path(place)) == int(told, 16)


def test_a_disk_of_this_machine(tmp_path: Path) -> None:
    """What no other machine shares is none of those kinds; nor is what is not there."""
    assert shared_kind(tmp_path) is None
    assert shared_kind(tmp_path / "nowhere") is None
