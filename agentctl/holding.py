"""Holding a session, so that turns of it keep apart: whoever holds it puts right what a dead process left in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from agentctl.economy.catalog import Catalog
from agentctl.recovery import recover
from agentctl.store.base import Database, LockBusyError

PATIENCE = 600.0  # seconds to wait for another process's turn in the same session


@contextmanager
def hold(db: Database, catalog: Catalog, name: str, notify: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock called `name`, a session's id; `notify` is told when another process has to finish first.

    Raises:
        LockBusyError: it did not finish in ten minutes.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(db.lock(name, wait=0))
        except LockBusyError:
            notify("another process is answering in this session; waiting for it")
            stack.enter_context(db.lock(name, wait=PATIENCE))
        recover(db, catalog, held=name)
        yield
