"""The file that many processes log to, and that is rotated under them."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forks import die_before, in_child
from support.logfiles import Logging, content, files, found

from agentctl.log.sink import Sink
from agentctl.settings.limits import Limit

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
KEEP = Limit(files=1_000_000)


def sink(
    directory: Path, size: int | None = None, retention: Limit = KEEP, *, compress: bool = False, age: int | None = None
) -> Sink:
    """Return a sink in that directory."""
    return Sink(directory / "agentctl.log", Limit(bytes=size, seconds=age), retention, compress=compress)


def line(number: int, process: int = 0) -> bytes:
    """Return a line as `support.logfiles` knows it."""
    return b"2026-11-23T01:33:20Z INFO     test[1] %d:%d:xxxxxxxxxxxx:end\n" % (process, number)


@given(
    st.lists(st.binary(max_size=300).map(lambda text: text.replace(b"\n", b"") + b"\n"), max_size=60),
    st.integers(1, 500),
)
def test_every_line_is_there_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int
) -> None:
    """All files together are the lines as they were written, and no file is over its size unless one line is."""
    directory = tmp_path_factory.mktemp("log")
    log = sink(directory, size)
    for each in lines:
        log.write(each)
    log.close()
    contents = [content(path) for path in files(directory)]
    assert b"".join(contents) == b"".join(lines)
    assert all(len(text) <= size or text.count(b"\n") == 1 for text in contents)


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The directory is 0700; the file, full files and packed ones are 0600."""
    log = sink(tmp_path / "log", 100, compress=True)
    for number in range(10):
        log.write(line(number))
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "log").iterdir()} == {0o600}


def test_full_files_are_packed(tmp_path: Path) -> None:
    """With compression every full file is a gzip file, dated as its lines."""
    log = sink(tmp_path, 100, compress=True)
    for number in range(6):
        log.write(line(number))
    *full, active = files(tmp_path)
    assert full
    assert {path.suffix for path in full} == {".gz"}
    assert active.name == "agentctl.log"
    assert b"".join(content(path) for path in files(tmp_path)) == b"".join(line(number) for number in range(6))


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    """Retention by count keeps that many full files beside the one being written."""
    log = sink(tmp_path, 10, Limit(files=3))
    for number in range(9):
        log.write(line(number))
    assert [content(path) for path in files(tmp_path)] == [line(number) for number in (5, 6, 7, 8)]
    assert max(path.name for path in files(tmp_path)) == "agentctl.log"
    assert "agentctl-000008.log" in {path.name for path in files(tmp_path)}


def test_old_files_go(tmp_path: Path) -> None:
    """Retention by age deletes full files that old, also when nothing is rotated."""
    log = sink(tmp_path, 10, Limit(seconds=3600))
    for number in range(4):
        log.write(line(number))
    first, second, *_ = files(tmp_path)
    for path, age in ((first, 3700), (second, 3500)):
        os.utime(path, (time.time() - age, time.time() - age))
    sink(tmp_path, 1000, Limit(seconds=3600)).write(line(4))
    assert not first.exists()
    assert second.exists()


def test_a_file_is_full_by_age(tmp_path: Path) -> None:
    """The age of a file is that of its first line, whoever wrote it and whenever it was touched."""
    (tmp_path / "agentctl.log").write_bytes(line(0))  # of 2026-11-23
    sink(tmp_path, age=86_400 * 365_000).write(line(1))
    assert len(files(tmp_path)) == 1
    (tmp_path / "agentctl.log").write_bytes(line(0).replace(b"2026", b"2006"))
    sink(tmp_path, age=86_400).write(line(1))
    assert [content(path) for path in files(tmp_path)] == [line(0).replace(b"2026", b"2006"), line(1)]


def test_a_file_without_a_date_is_as_old_as_its_last_change(tmp_path: Path) -> None:
    """A stranger's first line does not keep the file from its rotation."""
    path = tmp_path / "agentctl.log"
    path.write_bytes(b"hello\n")
    os.utime(path, (1, 1))
    sink(tmp_path, age=86_400).write(line(1))
    assert [content(path) for path in files(tmp_path)] == [b"hello\n", line(1)]


def test_a_file_moved_or_removed_by_others_is_begun_anew(tmp_path: Path) -> None:
    """A line is never written to a file that no longer has the log's name."""
    log = sink(tmp_path)
    log.write(line(0))
    (tmp_path / "agentctl.log").rename(tmp_path / "agentctl.log.old")
    log.write(line(1))
    (tmp_path / "agentctl.log").unlink()
    log.write(line(2))
    (tmp_path / "agentctl.log").write_bytes(b"")  # as logrotate's copytruncate leaves it
    log.write(line(3))
    assert (tmp_path / "agentctl.log.old").read_bytes() == line(0)
    assert (tmp_path / "agentctl.log").read_bytes() == line(3)


@pytest.mark.parametrize("rest", [b"x", b"x" * 200_000, line(9)[:-1]])
@pytest.mark.parametrize("before", [b"", line(0)])
def test_what_a_dead_writer_left_of_a_line_is_cut_off(tmp_path: Path, before: bytes, rest: bytes) -> None:
    """The next line stands on its own, not behind half of another."""
    (tmp_path / "agentctl.log").write_bytes(before + rest)
    sink(tmp_path).write(line(1))
    assert (tmp_path / "agentctl.log").read_bytes() == before + line(1)


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path: Path) -> None:
    """A line that does not fit is not there at all, and the log goes on once there is room."""

    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(line(0)) * 3 // 2, resource.RLIM_INFINITY))
        log = sink(tmp_path)
        log.write(line(0))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            log.write(line(1))
        assert (tmp_path / "agentctl.log").read_bytes() == line(0)

    assert in_child(fill) == 0
    sink(tmp_path).write(line(2))
    assert (tmp_path / "agentctl.log").read_bytes() == line(0) + line(2)


def test_a_kill_at_any_step_loses_doubles_and_tears_nothing(tmp_path: Path) -> None:
    """Killed before any single step of rotating, packing and deleting, the log has every line exactly once."""
    for step in range(1, 1000):
        directory = tmp_path / str(step)
        directory.mkdir()
        acknowledged = directory / "acknowledged"
        ended = in_child(lambda: _write_and_die(directory, acknowledged, step))  # noqa: B023 - it is over by the next step
        numbers = {(0, number) for number in range(acknowledged.stat().st_size)}
        seen, _ = found(directory)
        assert numbers <= seen.keys(), f"lost at step {step}"
        assert set(seen.values()) <= {1}, f"doubled at step {step}"
        sink(directory, 200, compress=True).write(line(0, process=1))
        left = [path for path in directory.glob("*agentctl-*") if path not in files(directory)]
        assert not [path for path in left if path.suffix != ".part"], f"left behind at step {step}"
        seen, torn = found(directory)
        assert not torn
        assert numbers | {(1, 0)} <= seen.keys() <= numbers | {(1, 0), (0, len(numbers))}
        if ended == 0:
            break
    assert 30 < step < 999


def _write_and_die(directory: Path, acknowledged: Path, step: int) -> None:
    told = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    die_before(step, "agentctl")
    log = sink(directory, 200, compress=True)
    for number in range(12):
        log.write(line(number))
        os.write(told, b".")


def test_a_half_packed_file_is_packed_again(tmp_path: Path) -> None:
    """What a killed packer left is neither taken for a packed file nor kept."""
    (tmp_path / "agentctl-000001.log").write_bytes(line(0))
    (tmp_path / ".agentctl-000001.log.gz.part").write_bytes(gzip.compress(line(0))[:20])
    sink(tmp_path, compress=True).write(line(1))
    assert sorted(path.name for path in tmp_path.glob("*agentctl-*")) == ["agentctl-000001.log.gz"]
    assert content(tmp_path / "agentctl-000001.log.gz") == line(0)


def test_a_packed_file_does_not_stay_beside_its_source(tmp_path: Path) -> None:
    """A packer killed before it could remove the source leaves no line twice, though nobody packs any more."""
    (tmp_path / "agentctl-000001.log").write_bytes(line(0))
    (tmp_path / "agentctl-000001.log.gz").write_bytes(gzip.compress(line(0)))
    sink(tmp_path).write(line(1))
    assert [path.name for path in tmp_path.glob("agentctl-*")] == ["agentctl-000001.log.gz"]


@pytest.mark.parametrize(("compression", "count"), [("gz", 5_000), ("", 5_000 if FULL else 1_500)])
def test_eight_processes_and_one_of_them_killed(tmp_path: Path, compression: str, count: int) -> None:
    """8 processes log at once over files of 20 KB, one is killed: every acknowledged line is there once and whole."""
    processes = [Logging(tmp_path, number, count, compression) for number in range(8)]
    victim, *others = processes
    acknowledged = victim.acknowledged(count // 3)
    victim.kill()
    for process in (*others, victim):
        acknowledged += process.acknowledged()
        assert process.wait(60) == (0 if process is not victim else -signal.SIGKILL)
        assert process.stdout
        process.stdout.close()
    seen, torn = found(tmp_path)
    assert len(acknowledged) >= 7 * count + count // 3
    assert not set(acknowledged) - seen.keys()
    assert set(seen.values()) == {1}
    assert not torn
    assert len(files(tmp_path)) > 30
