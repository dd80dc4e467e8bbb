"""Stores that break a law of locks or of opening."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import ClassVar

from agentctl.ids import new_id
from agentctl.store.base import Database, LockBusyError
from agentctl.store.open import connect
from support.broken.wrapper import Wrapper


class Unlocked(Wrapper):
    """Lets everybody have a lock."""

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        del name, wait
        return contextlib.nullcontext()


class Sticking(Wrapper):
    """Keeps a lock whose holder fails."""

    _held: ClassVar[list[AbstractContextManager[None]]] = []

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        held = self.inner.lock(name, wait=wait)
        held.__enter__()
        self._held.append(held)  # or it would be let go of when nobody knows it any more
        yield
        held.__exit__(None, None, None)


class Impatient(Wrapper):
    """Waits for no lock."""

    def lock(self, name: str, *, wait: float) -> AbstractContextManager[None]:
        del wait
        return self.inner.lock(name, wait=0)


class OfThreads(Wrapper):
    """Locks out other threads alone."""

    _locks: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        lock = self._locks[f"{self.url} {name}"]
        if not lock.acquire(timeout=wait):
            raise LockBusyError
        try:
            yield
        finally:
            lock.release()


class Outliving(Wrapper):
    """Has locks that outlive who holds them."""

    @contextmanager
    def lock(self, name: str, *, wait: float) -> Iterator[None]:
        path, end = Path(f"{path_of(self.url)}.held-{name.encode().hex()}"), time.monotonic() + min(wait, 1)
        while not _made(path):
            if time.monotonic() >= end:
                raise LockBusyError
            time.sleep(0.01)
        try:
            yield
        finally:
            path.unlink()


class Alarmed(Wrapper):
    """Finds something wrong with whatever it checks."""

    def check(self) -> list[str]:
        return ["something may be wrong"]


def changeable(url: str) -> Database:
    """Open a store that lets everything be changed."""
    database = connect(url)
    with closing(sqlite3.connect(path_of(url))) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_not_%'"):
            file.execute(f"DROP TRIGGER {name}")
    return database


def elsewhere(url: str) -> Database:
    """Open another store than is asked for, at each time."""
    return connect(f"{url}-{new_id()}")


def downgrading(url: str) -> Database:
    """Open a store of a newer program as if it were ours."""
    if path_of(url).exists():
        with closing(sqlite3.connect(path_of(url))) as file, file:
            file.execute("DELETE FROM schema_migrations WHERE version > 1000")
    return connect(url)


def replacing(url: str) -> Database:
    """Open a store, or where there is none put a new one in the place of what others have made meanwhile."""
    path = path_of(url)
    if not path.exists():
        new = f"{url}-{new_id()}"
        connect(new).close()
        turn = next(turn for turn in itertools.count() if _made(Path(f"{path}.turn{turn}")))
        time.sleep(0.7 + 0.4 * turn)  # so that others begin meanwhile and one is done before another, as will happen
        for end in ("-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        path_of(new).replace(path)
    return connect(url)


def path_of(url: str) -> Path:
    """The file of a store."""
    return Path("/", url.removeprefix("sqlite:///").lstrip("/"))


def _made(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
