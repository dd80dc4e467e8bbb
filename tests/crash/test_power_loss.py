"""The power goes at any moment of a writer's work: what it was told is durable is there, once and whole.

A real writer is recorded, and the disk that it leaves is imagined anew for each moment (`support.crash.disk`). By
default a few hundred times; AGENTCTL_TEST_FULL=1 makes it thousands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from support.crash import story, verdict
from support.crash.losses import losses
from support.crash.story import Story
from support.crash.tape import Tape, record

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
PARTS = 26 if FULL else 1
STATES = 400 if FULL else 300  # of each part
MESSAGES = 80 if FULL else 50

Losing = Callable[..., list[str]]


@pytest.fixture(scope="module")
def losing(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Losing:
    """Loses power as often as is said, and returns what was wrong with what was left."""
    root = tmp_path_factory.mktemp("root")
    tape = _written(root, seed)

    def lose(count: int, chance: str, deaf: Callable[[str], bool] = lambda _: False) -> list[str]:
        def check(directory: Path, said: list[str]) -> list[str]:
            return verdict.violations(directory / "data" / "agentctl.db", Story(seed), said)

        return losses(tape, root, count, Random(f"{seed}/{chance}"), check, deaf=deaf)

    return lose


def _written(root: Path, seed: int) -> Tape:
    database = root / "data" / "agentctl.db"
    tape = record([sys.executable, story.__file__, str(database), str(seed), str(MESSAGES)], root.parent / "tape")
    assert verdict.violations(database, Story(seed), tape.said(len(tape.events))) == []
    return tape


@pytest.mark.parametrize("part", range(PARTS))
def test_what_was_acknowledged_survives(losing: Losing, part: int) -> None:
    """Each message that was acknowledged is there once, every other wholly or not; calls and sums agree with them."""
    assert losing(STATES, f"part {part}") == []


def test_a_disk_that_does_not_sync_the_log_is_found_out(losing: Losing) -> None:
    """Where syncs of the log are not done, as with `synchronous=NORMAL`, acknowledged messages are found missing."""
    found = losing(60, "log", lambda path: path.endswith("-wal"))
    assert any("lost" in line for line in found)


def test_a_disk_that_syncs_nothing_is_found_out(losing: Losing) -> None:
    """Where nothing is synced, as with `synchronous=OFF`, losses and damage are found."""
    found = losing(60, "all", lambda _: True)
    assert any("lost" in line for line in found)
    assert any("damaged" in line or "malformed" in line for line in found)


def test_a_disk_that_does_not_sync_names_is_found_out(losing: Losing) -> None:
    """Where syncs of directories are not done, files are found missing with all that was in them."""
    found = losing(60, "names", lambda path: "agentctl.db" not in path)
    assert any("lost" in line for line in found)
