"""Replacing a file as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forks import die_before, in_child

from agentctl import atomic


def test_the_file_and_its_directory_are_private(tmp_path: Path) -> None:
    """A new file is 0600 and its directory 0700, unless it is asked otherwise."""
    path = tmp_path / "new" / "file"
    atomic.replace(path, b"one")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        b"one",
        0o600,
        0o700,
    )
    atomic.replace(path, b"two", mode=0o644)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o644)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A file that is kept elsewhere is replaced there."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic.replace(tmp_path / "link", b"one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"one"


def test_what_can_not_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """A failure is an OSError, and the directory is as it was."""
    (tmp_path / "directory" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        atomic.replace(tmp_path / "directory", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["directory"]


def test_a_kill_at_any_step_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Nobody ever reads half of a file."""
    for step in range(1, 20):
        path = tmp_path / str(step)
        path.write_bytes(b"old" * 1000)

        def work(step: int = step, path: Path = path) -> None:
            die_before(step, str(tmp_path))
            atomic.replace(path, b"new" * 2000)

        ended = in_child(work)
        assert path.read_bytes() in (b"old" * 1000, b"new" * 2000)
        if ended == 0:
            break
    assert 3 <= step < 19
    assert path.read_bytes() == b"new" * 2000
