"""The reserve of space beside a database: it is for what must still be written when the disk is full."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from agentctl.errors import StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.sqlite.file import open_sqlite
from agentctl.store.sqlite.reserve import SIZE, Reserve


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of eight MiB."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", name], check=True)
        yield Path(name)
        subprocess.run(["umount", name], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk to its last block; return what fills it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                pass
    assert free(disk) == 0
    return ballast


def free(disk: Path) -> int:
    return os.statvfs(disk).f_bavail


def append(database: Database, session: sessions.Session, size: int = 20_000) -> sessions.Session:
    return database.write(partial(sessions.append, session=session, message=user("x" * size)))[0]


def test_a_reserve_takes_space(tmp_path: Path) -> None:
    """It is made by the first write, not by a read, and its bytes are taken from the disk."""
    reserve = tmp_path / "a.db.reserve"
    with closing(open_sqlite(tmp_path / "a.db")) as database:
        database.read(sessions.latest)
        assert not reserve.exists()
        database.write(sessions.create)
    assert reserve.stat().st_size == SIZE
    assert reserve.stat().st_blocks * 512 >= SIZE
    assert reserve.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_takes_what_must_be_written(disk: Path) -> None:
    """On a full disk the reserve is given up, and told of once; with space it is made again, and helps once more."""
    reserve, told = disk / "a.db.reserve", list[str]()
    with closing(open_sqlite(disk / "a.db", tell=told.append)) as database:
        session = database.write(sessions.create)
        assert reserve.exists()
        for time in (1, 2):
            ballast = fill(disk)
            for _ in range(5):
                session = append(database, session)
            assert not reserve.exists()
            assert told == ["the disk is full; the reserve of 1 MiB is used, so free some space soon"] * time
            ballast.unlink()
            session = append(database, session)
            assert reserve.exists()
        assert len(database.read(partial(sessions.thread, session=session))) == 12
        assert database.check() == []


def test_when_the_reserve_is_used_up(disk: Path) -> None:
    """Then a full disk is an error that says so, what was acknowledged is there, and with space it goes on."""
    with closing(open_sqlite(disk / "a.db")) as database:
        session = database.write(sessions.create)
        ballast, acknowledged = fill(disk), [session]
        with pytest.raises(StorageError, match="the disk is full"):
            acknowledged.extend(append(database, acknowledged[-1]) for _ in range(1000))
        assert len(acknowledged) > 10
        ballast.unlink()
        session = append(database, acknowledged[-1])
        assert len(database.read(partial(sessions.thread, session=session))) == len(acknowledged)


def test_a_small_disk_is_left_alone(tmp_path: Path, disk: Path) -> None:
    """Where little is free none is made: it would be what fills the disk."""
    (disk / "ballast").write_bytes(bytes(5 << 20))
    Reserve(disk / "a.db.reserve", print).keep()
    assert not (disk / "a.db.reserve").exists()


def test_a_reserve_without_blocks(tmp_path: Path) -> None:
    """One that has its size and no space, as a loss of power may leave it, is made whole."""
    path = tmp_path / "reserve"
    path.touch()
    os.truncate(path, SIZE)
    Reserve(path, print).keep()
    assert path.stat().st_blocks * 512 >= SIZE
