"""The lock between processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agentctl.locks import FileLock

PATIENCE = 20.0
HOLDER = """
import sys
from pathlib import Path
from agentctl.locks import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """A held lock is refused to others until it is released."""
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire(0)
    assert not other.acquire(0)
    one.release()
    assert other.acquire(0)


def test_a_bounded_wait_ends(tmp_path: Path) -> None:
    """Waiting for a lock that stays held gives up after the time it was given, not before."""
    with FileLock(tmp_path / "lock"):
        began = time.monotonic()
        assert not FileLock(tmp_path / "lock").acquire(0.1)
        assert 0.1 <= time.monotonic() - began < PATIENCE


@pytest.mark.parametrize("wait", [None, PATIENCE])
def test_a_waiter_gets_it(tmp_path: Path, wait: float | None) -> None:
    """Who waits gets the lock once it is released, with a bound on the wait and without."""
    holder, waiter = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    holder.acquire()
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(waiter.acquire(wait)))
    thread.start()
    holder.release()
    thread.join(PATIENCE)
    assert taken == [True]
    assert not holder.acquire(0)


@pytest.mark.parametrize("transient", [False, True])
def test_it_keeps_threads_apart(tmp_path: Path, transient: bool) -> None:
    """Read-then-write of a shared counter loses no update under the lock, also when its file comes and goes."""
    total = [0]

    def add() -> None:
        for _ in range(100):
            with FileLock(tmp_path / "lock", transient=transient):
                seen = total[0]
                time.sleep(0)  # gives way to the other threads, where they could do harm
                total[0] = seen + 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert total == [800]
    assert (tmp_path / "lock").exists() is not transient


def test_a_killed_holder_frees_it(tmp_path: Path) -> None:
    """SIGKILL of the process that holds the lock frees it."""
    path = tmp_path / "lock"
    arguments = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert not FileLock(path).acquire(0)
        holder.kill()
        assert FileLock(path).acquire(PATIENCE)


def test_a_removed_file_locks_nobody_out(tmp_path: Path) -> None:
    """When somebody removes the lock's file, the old holder does not keep, or remove, the next one's lock."""
    old, new = FileLock(tmp_path / "lock", transient=True), FileLock(tmp_path / "lock")
    old.acquire()
    (tmp_path / "lock").unlink()
    assert new.acquire(0)
    old.release()
    assert not FileLock(tmp_path / "lock").acquire(0)


def test_release_without_a_lock(tmp_path: Path) -> None:
    """Releasing what is not held does nothing."""
    lock = FileLock(tmp_path / "lock")
    lock.release()
    assert lock.acquire(0)
    lock.release()
    lock.release()
    assert FileLock(tmp_path / "lock").acquire(0)


def test_the_file_is_private(tmp_path: Path) -> None:
    """Only its owner may open the lock's file."""
    with FileLock(tmp_path / "lock"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
