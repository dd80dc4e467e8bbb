"""Locks: one holder at a time, whoever it is, and none that is dead."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from functools import partial

from agentctl.errors import UsageError
from agentctl.store.base import Database, LockBusyError
from agentctl.testing.conformance.check import PATIENCE, Store, check, expect, refused
from agentctl.testing.conformance.worker import workers

_NAMES = ("s1", "../up", "..", "", "a/b", "ü\n", "'", "x" * 60)


@check()
def a_lock_keeps_others_out(store: Store) -> None:
    """A lock is refused while it is held and free after, whatever its name; others are independent of it."""
    with closing(store.open()) as database:
        for name in _NAMES:
            with database.lock(name, wait=0):
                refused(LockBusyError, partial(_take, database, name), f"the lock {name!r} that is held")
                _take(database, "another")
            _take(database, name)


@check()
def an_error_frees_a_lock(store: Store) -> None:
    """An error within a lock comes out as it is and frees it."""
    error = UsageError("no")

    def fail(database: Database) -> None:
        with database.lock("s", wait=0):
            raise error

    with closing(store.open()) as database:
        caught = refused(UsageError, lambda: fail(database), "the error")
        expect(caught is error, True, "whether the error is the same")
        _take(database, "s")


@check()
def a_lock_is_handed_on(store: Store) -> None:
    """Who waits for a lock gets it when its holder lets go of it, and not before."""
    taken = threading.Event()

    def wait_for_it(database: Database) -> None:
        with suppress(LockBusyError), database.lock("s", wait=PATIENCE):
            taken.set()

    with closing(store.open()) as database:
        thread = threading.Thread(target=wait_for_it, args=(database,), daemon=True)
        with database.lock("s", wait=0):
            thread.start()
            expect(taken.wait(0.1), False, "whether another got what is held")
        thread.join(PATIENCE)
        expect(taken.is_set(), True, "whether another got what was let go")


@check("shared")
def processes_keep_each_other_out(store: Store) -> None:
    """A lock that a process holds is refused to others until it lets go of it."""
    with closing(store.open()) as database, workers(store, "hold", ["s"]) as (holder,):
        holder.go().told()
        refused(LockBusyError, partial(_take, database, "s"), "the lock that another process holds")
        holder.go().told()
        _take(database, "s", wait=PATIENCE)


@check("shared")
def death_frees_a_lock(store: Store) -> None:
    """A lock whose holder is killed with SIGKILL is free."""
    with closing(store.open()) as database, workers(store, "hold", ["s"]) as (holder,):
        holder.go().told()
        refused(LockBusyError, partial(_take, database, "s"), "the lock that another process holds")
        holder.kill()
        _take(database, "s", wait=10)


def _take(database: Database, name: str, wait: float = 0) -> None:
    with database.lock(name, wait=wait):
        pass


CHECKS = (
    a_lock_keeps_others_out,
    an_error_frees_a_lock,
    a_lock_is_handed_on,
    processes_keep_each_other_out,
    death_frees_a_lock,
)
