"""The power goes, or the process is killed, while a database of the first release is migrated.

By default at some moments; AGENTCTL_TEST_FULL=1 makes it 2,000 losses and 200 kills.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from support.crash import growth
from support.crash.losses import losses
from support.crash.tape import Say, Tape, Truncate, Unlink, Write, record

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
PARTS = 5 if FULL else 1
STATES = 400 if FULL else 100
KILLS = 40 if FULL else 6  # of each part
CHANGES = "pwrite64,ftruncate,unlink,fdatasync,fsync,rename"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database is made that was recorded."""
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def tape(root: Path) -> Tape:
    """What a program did that made an old database and migrated it."""
    return record([sys.executable, growth.__file__, str(root / "agentctl.db")], root.parent / "tape")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the first release."""
    path = tmp_path / "agentctl.db"
    growth.make_old(path)
    return path


@pytest.mark.parametrize("part", range(PARTS))
def test_a_migration_survives_a_loss_of_power(tape: Tape, root: Path, old: Path, seed: int, part: int) -> None:
    """All rows are there, in the old schema or a newer one, no newer one without a whole backup, and it goes on."""
    expected = growth.rows(old)
    begun = next(index for index, (_, event) in enumerate(tape.events) if event == Say("old"))

    def check(directory: Path, said: list[str]) -> list[str]:
        return growth.violations(directory / "agentctl.db", said, expected)

    assert losses(tape, root, STATES, Random(f"{seed}/{part}"), check, first=begun + 1) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_migration_survives_kills(tape: Tape, old: Path, tmp_path: Path, seed: int, part: int) -> None:
    """The same holds when it is killed at a change of a file: between two of them a statement changes memory only."""
    expected = growth.rows(old)
    changes = sum(isinstance(event, Write | Truncate | Unlink) for _, event in tape.events) // 2
    for number in sorted(Random(f"{seed}/{part}").sample(range(1, changes), KILLS)):
        directory = tmp_path / str(number)
        directory.mkdir()
        path = Path(shutil.copy(old, directory / old.name))
        inject = f"inject={CHANGES}:signal=SIGKILL:when={number}"
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CHANGES}", "-e", inject]
        arguments = [*command, sys.executable, growth.__file__, str(path)]
        done = subprocess.run(arguments, check=False, capture_output=True, text=True)
        assert growth.violations(path, done.stdout.split(), expected) == []
