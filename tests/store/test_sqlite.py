"""The SQLite file: where it is, who may read it, and what happens when the disk or the file is not as it should be."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from support.appender import Appender

from agentctl.economy import ledger
from agentctl.errors import ExitCode, StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Stored, Summary
from agentctl.store.sqlite.connection import require
from agentctl.usage import Usage

MIB = 1 << 20
NOBODY = 65534


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def fill(url: str, count: int = 20) -> str:
    """Make a database with one session of `count` messages, and return its id."""
    with closing(connect(url)) as database:
        session = database.write(sessions.create)
        for number in range(count):
            message = user(f"{number} " * 500)
            session, _ = database.write(partial(sessions.append, session=session, message=message))
    return session.id


def read_all(url: str) -> int:
    with closing(connect(url)) as database:
        found = database.read(partial(sessions.listing, limit=10))
        return sum(len(database.read(partial(_thread, session_id=one.id))) for one in found)


def _thread(tx: Transaction, session_id: str) -> list[Stored]:
    return sessions.thread(tx, sessions.get(tx, session_id))


def test_only_the_owner_may_read(url: str) -> None:
    """The directory is made 0700 and every file in it 0600."""
    path = path_of(url)
    with closing(connect(url)) as database:
        database.write(sessions.create)
        with database.lock("s", wait=0):
            modes = {str(file.relative_to(path.parent)): file.stat().st_mode & 0o777 for file in path.parent.rglob("*")}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes.pop("agentctl.db.locks") == 0o700
    assert set(modes.values()) == {0o600}
    assert {"agentctl.db", "agentctl.db-wal", "agentctl.db.locks/s.lock"} <= set(modes)


def test_nothing_is_left_open(url: str) -> None:
    """After `close` the log is in the database file; the lock between writers remains, and the reserve of space."""
    fill(url)
    path = path_of(url)
    assert sorted(str(file.relative_to(path.parent)) for file in path.parent.rglob("*")) == [
        "agentctl.db",
        "agentctl.db.locks",
        "agentctl.db.locks/write",
        "agentctl.db.reserve",
    ]


def test_the_log_stays_small(url: str) -> None:
    """The write-ahead log is emptied as it grows, and again after a reader had kept it from that."""
    log = Path(f"{path_of(url)}-wal")
    with closing(connect(url)) as database:
        session = database.write(sessions.create)
        big = user("x" * MIB)

        def write(count: int) -> int:
            nonlocal session
            for _ in range(count):
                session, _stored = database.write(partial(sessions.append, session=session, message=big))
            return log.stat().st_size

        def write_behind_a_reader(tx: Transaction) -> int:
            assert sessions.latest(tx)
            return write(10)

        assert write(10) < 6 * MIB
        assert database.read(write_behind_a_reader) > 9 * MIB
        assert write(10) < 6 * MIB
        assert len(database.read(partial(sessions.thread, session=session))) == 30


def test_an_old_library() -> None:
    """An SQLite without what the schema needs is refused with both versions."""
    require((3, 37, 0))
    with pytest.raises(StorageError, match=r"3\.34\.1") as caught:
        require((3, 34, 1))
    assert "3.37.0" in str(caught.value.hint)


def test_two_databases_of_one_file(url: str) -> None:
    """One process may open the same file twice; closing one does not disturb the other."""
    with closing(connect(url)) as one:
        with closing(connect(url)) as other:
            session = other.write(sessions.create)
        assert one.read(partial(sessions.get, session_id=session.id)) == session
        one.write(sessions.create)
    assert len(read(url)) == 2


def read(url: str) -> list[Summary]:
    with closing(connect(url)) as database:
        return database.read(partial(sessions.listing, limit=10))


def test_a_copied_file_is_used_as_it_is(url: str, tmp_path: Path) -> None:
    """A copy that SQLite made, which is not in WAL mode, opens and is written like any other."""
    fill(url, 3)
    with closing(sqlite3.connect(path_of(url))) as raw:
        raw.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    assert read_all(f"sqlite:///{tmp_path}/copy.db") == 3
    with closing(connect(f"sqlite:///{tmp_path}/copy.db")) as database:
        database.write(sessions.create)
        assert (tmp_path / "copy.db-wal").exists()


def test_an_empty_file_becomes_a_database(url: str) -> None:
    """A file of no bytes is as good as none."""
    path_of(url).parent.mkdir()
    path_of(url).touch()
    fill(url, 1)
    assert read_all(url) == 1


def scribble(path: Path, first: int, last: int | None) -> None:
    """Overwrite some pages of the file."""
    data = path.read_bytes()
    end = len(data) if last is None else last * 4096
    path.write_bytes(data[: first * 4096] + b"\xa5" * (end - first * 4096) + data[end:])


DAMAGE: dict[str, Callable[[Path], None]] = {
    "everything": lambda path: scribble(path, 0, None),
    "first page": lambda path: scribble(path, 0, 1),
    "all but the first page": lambda path: scribble(path, 1, None),
    "the last half": lambda path: scribble(path, path.stat().st_size // 8192, None),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096),
    "cut to one page": lambda path: os.truncate(path, 4096),
    "cut within a page": lambda path: os.truncate(path, 1000),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file(url: str, damage: Callable[[Path], None]) -> None:
    """A damaged database is an error that says so and what to do, and not a byte of it is changed."""
    fill(url)
    damage(path_of(url))
    before = path_of(url).read_bytes()
    with pytest.raises(StorageError, match="damaged") as caught:
        read_all(url)
    assert caught.value.code is ExitCode.storage
    assert str(path_of(url)) in caught.value.message
    assert "agentctl doctor" in str(caught.value.hint)
    assert path_of(url).read_bytes() == before


def test_a_check_finds_damage(url: str) -> None:
    """A check tells what is wrong with a file that still opens, each thing on a line."""
    fill(url)
    with closing(sqlite3.connect(path_of(url))) as raw, raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("INSERT INTO branches VALUES ('b', 'nobody', NULL, -1, 0, NULL, 0)")
    with closing(connect(url)) as database:
        problems = database.check()
    assert problems == ["CHECK constraint failed in branches", "a row of branches belongs to nothing"]


def test_a_check_finds_sums_that_are_wrong(url: str) -> None:
    """A check tells where the ledger's sums are not those of its charges."""
    with closing(connect(url)) as database:
        call = ledger.Call("c", None, "p", "m")
        database.write(lambda tx: ledger.charge(tx, call, Usage(1), Decimal(2), "final", None, None))
        assert database.check() == []
        with closing(sqlite3.connect(path_of(url))) as raw, raw:
            raw.execute("UPDATE usage_sums SET known_musd = known_musd + 1 WHERE scope = 'model'")
        assert database.check() == ["the sums of the ledger by model are not those of its charges"]


@pytest.mark.parametrize("text", [b"ON sessions (name)", b"CHECK (seq >= 0)", b"1 1 1 1 1 1"])
def test_a_text_that_is_none(url: str, text: bytes) -> None:
    """Where bytes are not UTF-8 any more, in the schema or in a message, the database is said to be damaged."""
    fill(url)
    data = path_of(url).read_bytes()
    assert text in data
    path_of(url).write_bytes(data.replace(text, text[:-3] + b"\xed" + text[-2:]))
    with pytest.raises(StorageError, match="damaged"):
        read_all(url)


CARELESS = """
import sys
from agentctl.store import sessions
from agentctl.store.open import connect
connect(sys.argv[1]).submit(sessions.create)
"""


def test_a_database_nobody_closed(url: str) -> None:
    """A program that ends without closing its database still writes what was submitted, and leaves the file closed."""
    subprocess.run([sys.executable, "-c", CARELESS, url], check=True)
    assert not Path(f"{path_of(url)}-wal").exists()
    assert len(read(url)) == 1


def test_a_message_that_was_changed(url: str) -> None:
    """A stored message whose bytes differ from its checksum is an error, not an answer."""
    fill(url)
    data = path_of(url).read_bytes()
    path_of(url).write_bytes(data.replace(b"19 19 19", b"19 18 19", 1))
    with pytest.raises(StorageError, match="checksum"):
        read_all(url)


def test_the_database_of_another_program(url: str) -> None:
    """An SQLite file of another program is refused, and not a byte of it is changed."""
    path_of(url).parent.mkdir()
    with closing(sqlite3.connect(path_of(url))) as raw:
        raw.execute("CREATE TABLE schema_migrations (version TEXT)")
    before = path_of(url).read_bytes()
    with pytest.raises(StorageError, match="another program") as caught:
        connect(url)
    assert caught.value.hint
    assert path_of(url).read_bytes() == before


def test_another_program_holds_it(url: str) -> None:
    """Reading goes on while another program writes, and writing waits for it."""
    fill(url, 1)
    with closing(connect(url)) as database, closing(sqlite3.connect(path_of(url))) as raw:
        raw.execute("BEGIN IMMEDIATE")
        future = database.submit(sessions.create)
        assert database.read(sessions.latest)
        assert not future.done()
        raw.rollback()
        assert future.result(20)


@contextmanager
def small_disk(directory: Path) -> Iterator[int]:
    """Give a new directory a disk of two MiB where we may mount one; return a limit on file sizes for where not."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(directory)]
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
    try:
        yield -1 if mounted else 2 * MIB
    finally:
        if mounted:
            subprocess.run(["umount", str(directory)], check=True)


def test_a_full_disk(tmp_path: Path) -> None:
    """A full disk is an error that says so; what was acknowledged stays readable, and with space it goes on."""
    url = f"sqlite:///{tmp_path}/disk/agentctl.db"
    with small_disk(tmp_path / "disk") as limit:
        session_id = fill(url, 0)
        with Appender(url, session_id, 1000, size=5000, file_limit=limit) as process:
            process.begin()
            acknowledged = process.acknowledged(1000)
            assert process.stderr
            told = process.stderr.read()
        assert "disk" in told
        assert "space" in told
        assert "Traceback" not in told
        assert process.returncode == 1
        assert 20 < len(acknowledged) < 300
        assert read_all(url) == len(acknowledged)
        if limit < 0:
            subprocess.run(["mount", "-o", "remount,size=8m", str(tmp_path / "disk")], check=True)
        with Appender(url, session_id, 1) as process:
            process.begin()
            assert process.wait() == 0
        assert read_all(url) == len(acknowledged) + 1


STRANGER = """
import os, sys
from agentctl.errors import StorageError
from agentctl.store import sessions
from agentctl.store.open import connect
import agentctl.store.sqlite.file, agentctl.store.sqlite.writer
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
try:
    database = connect(sys.argv[1])
    database.write(sessions.create)
except StorageError as error:
    sys.exit(f"{error.message}|{error.hint}")
"""


@pytest.mark.parametrize("place", ["agentctl.db", "new/agentctl.db", "mine.db"])
def test_a_directory_that_can_not_be_written(place: str) -> None:
    """To an unprivileged user a directory, or a database, that only others may write is an error that says so."""
    with tempfile.TemporaryDirectory() as name:
        fill(f"sqlite:///{name}/mine.db", 1)
        Path(name, "mine.db").chmod(0o444)
        Path(name).chmod(0o555)
        arguments = [sys.executable, "-c", STRANGER, f"sqlite:///{name}/{place}", str(NOBODY)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        Path(name).chmod(0o755)
    message, _, hint = done.stderr.strip().partition("|")
    assert done.returncode == 1
    assert name in message
    assert "choose another `database`" in hint
    assert "Traceback" not in done.stderr


def test_a_directory_in_place_of_the_file(url: str) -> None:
    """A directory where the database should be is an error that names it."""
    path_of(url).mkdir(parents=True)
    with pytest.raises(StorageError, match="can't be opened"):
        connect(url)


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    """A file where the directory should be is an error that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"):
        connect(f"sqlite:///{tmp_path}/file/agentctl.db")
