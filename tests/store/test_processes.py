"""Processes that share one database, and die in the middle of it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from support.appender import Appender

from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.open import connect
from agentctl.store.sessions import Session

# As many as make a convincing run; set it higher for a long one.
KILLS = int(os.environ.get("AGENTCTL_TEST_KILLS", "10"))
OPENER = """
import sys
from agentctl.store import sessions
from agentctl.store.open import connect
sys.stdin.read()
for number in range(20):
    database = connect(f"{sys.argv[1]}{number}")
    database.write(sessions.create)
    database.close()
"""


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def new_session(url: str) -> Session:
    with closing(connect(url)) as database:
        return database.write(sessions.create)


def texts(url: str, session_id: str) -> list[str]:
    """The texts of a session's active branch."""
    with closing(connect(url)) as database:
        thread = database.read(lambda tx: sessions.thread(tx, sessions.get(tx, session_id)))
    return [stored.message.text for stored in thread]


def everything(url: str) -> list[tuple[str, int, str | None]]:
    """Branch, seq and parent of all messages, whatever branch they are on."""
    with closing(sqlite3.connect(path_of(url))) as database:
        return database.execute("SELECT branch_id, seq, parent_id FROM messages ORDER BY rowid").fetchall()


def check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_eight_processes_in_one_database(url: str) -> None:
    """Eight processes that append at once, a session each, lose nothing and meet no lock error."""
    ids = [new_session(url).id for _ in range(8)]
    with ExitStack() as stack:
        processes = [stack.enter_context(Appender(url, session_id, 50)) for session_id in ids]
        for process in processes:
            process.begin()
        acknowledged = [process.acknowledged(50) for process in processes]
        assert [(process.wait(), process.stderr and process.stderr.read()) for process in processes] == [(0, "")] * 8
    assert [texts(url, session_id) for session_id in ids] == acknowledged
    assert [len(lines) for lines in acknowledged] == [50] * 8
    check(path_of(url))


def test_processes_in_one_session(url: str) -> None:
    """Four processes that append to one session each get a line of their own: nothing lost, nothing interleaved."""
    session = new_session(url)
    with ExitStack() as stack:
        processes = [stack.enter_context(Appender(url, session.id, 25)) for _ in range(4)]
        for process in processes:
            process.begin()
        acknowledged = [process.acknowledged(25) for process in processes]
    with closing(sqlite3.connect(path_of(url))) as raw:
        branches = raw.execute("SELECT id, next_seq FROM branches").fetchall()
    with closing(connect(url)) as database:
        lines = [
            database.read(partial(sessions.thread, session=Session(session.id, None, branch, None, end, 0, 0)))
            for branch, end in branches
        ]
    told = [[stored.message.text for stored in line] for line in lines]
    assert sum(map(len, acknowledged)) == len(everything(url)) == 100
    for mine in acknowledged:
        # Whoever began after another had finished goes on where that one ended.
        assert any(line[at : at + 25] == mine for line in told for at in range(len(line)))


def test_processes_that_make_the_database(url: str) -> None:
    """Eight processes that open databases which are not there yet, at the same time, find each of them ready."""
    arguments = [sys.executable, "-c", OPENER, url]
    reading, writing = os.pipe()
    with ExitStack() as stack:
        processes = [stack.enter_context(subprocess.Popen(arguments, stdin=reading)) for _ in range(8)]
        os.close(reading)
        os.close(writing)  # the end of its input is where each begins
        assert [process.wait() for process in processes] == [0] * 8
    for number in range(20):
        with closing(connect(f"{url}{number}")) as database:
            assert len(database.read(partial(sessions.listing, limit=100))) == 8


def test_a_killed_process_loses_nothing_it_acknowledged(url: str) -> None:
    """After SIGKILL at a random moment every acknowledged message is there, in order, and the database is sound."""
    chance = random.Random(KILLS)
    for _ in range(KILLS):
        session = new_session(url)
        with Appender(url, session.id, 10**6) as process:
            process.begin()
            acknowledged = process.acknowledged(chance.randint(1, 60))
            process.kill()
            acknowledged += process.acknowledged(10**6)
        stored = texts(url, session.id)
        assert stored[: len(acknowledged)] == acknowledged
        # The last write may have been durable before it could be told.
        assert len(acknowledged) <= len(stored) <= len(acknowledged) + 1
    check(path_of(url))


def test_a_log_torn_anywhere(url: str, tmp_path: Path) -> None:
    """With the write-ahead log cut off at any byte, what was acknowledged by that byte is there."""
    path, chance = path_of(url), random.Random(0)
    session = new_session(url)
    lengths = [0]
    with closing(connect(url)) as database:
        for number in range(20):
            session, _ = database.write(partial(sessions.append, session=session, message=user(str(number))))
            lengths.append(Path(f"{path}-wal").stat().st_size)
        for cut in sorted(chance.sample(range(lengths[-1] + 1), 30)):
            copy = tmp_path / "copy.db"
            shutil.copy(path, copy)
            Path(f"{copy}-wal").write_bytes(Path(f"{path}-wal").read_bytes()[:cut])
            durable = sum(length <= cut for length in lengths) - 1
            assert len(texts(f"sqlite:///{copy}", session.id)) == durable
            check(copy)
            copy.unlink()
