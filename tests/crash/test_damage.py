"""One bit of the file or of its log is flipped: no answer is wrong, and nothing ends in a traceback.

By default 100 flips of each; AGENTCTL_TEST_FULL=1 makes it 3,000.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from support.crash import verdict
from support.crash.losses import memory_directory
from support.crash.story import LINES, Story, append, tell

from agentctl.store.sqlite.file import open_sqlite

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
PARTS = 6 if FULL else 1
FLIPS = 500 if FULL else 100  # of each part
MESSAGES = 50


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory."""
    with memory_directory() as directory:
        yield directory


def flipped(data: bytes, chance: Random) -> bytes:
    """The bytes with one bit of one of them flipped."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def lay_out(directory: Path, data: bytes, log: bytes | None = None) -> Path:
    """Put a database in place of what is in the directory."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "agentctl.db").write_bytes(data)
    if log is not None:
        (directory / "agentctl.db-wal").write_bytes(log)
    return directory / "agentctl.db"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_bit_of_the_file(memory: Path, seed: int, part: int) -> None:
    """Conversations, costs and open calls are told as they were, or the damage is told or found by a check."""
    story, chance, path = Story(seed), Random(f"{seed}/{part}"), memory / "agentctl.db"
    said = list(tell(path, story, MESSAGES))
    data = path.read_bytes()
    found = [verdict.violations(lay_out(memory / "flipped", flipped(data, chance)), story, said) for _ in range(FLIPS)]
    assert not any("lost" in line or "other messages" in line for lines in found for line in lines)
    assert 0 < sum(map(bool, found)) < FLIPS


@pytest.mark.parametrize("part", range(PARTS))
def test_a_bit_of_the_log(memory: Path, seed: int, part: int) -> None:
    """What stands in the log is told as it was at some moment, whole, or the damage is told or found by a check.

    SQLite takes a log that ends in damage for one that the power went from; so what follows the damage is not there.
    """
    story, chance, path = Story(seed), Random(f"{seed}/{part}"), memory / "agentctl.db"
    with closing(open_sqlite(path)) as database:
        for number in range(LINES + MESSAGES):
            database.write(lambda tx, one=number: append(tx, _Plain(story.seed), one))  # type: ignore[misc]
        data, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    found = [
        verdict.violations(lay_out(memory / "flipped", data, flipped(log, chance)), _Plain(seed), [])
        for _ in range(FLIPS)
    ]
    assert not any("other messages" in line for lines in found for line in lines)
    assert sum(map(bool, found)) < FLIPS


class _Plain(Story):
    """A story without calls."""

    def is_answer(self, number: int) -> bool:
        """No message is an answer."""
        return False
