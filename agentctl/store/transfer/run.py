"""A copy of a whole store, from the first table to the proof that nothing differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from agentctl.errors import StorageError
from agentctl.store.base import Database, LockBusyError, Row, Transaction
from agentctl.store.transfer import mark
from agentctl.store.transfer.compare import Contents, contents, differences
from agentctl.store.transfer.merge import merge
from agentctl.store.transfer.tables import COPIED

Counts = Mapping[str, int]
Progress = Callable[[str, int, int], None]
"""Is called with the name of a table, how many of its rows are done, and how many there are."""

_ROUNDS = 3  # of copying what the source got while it was copied
_LOCK = "transfer"


def counts(tx: Transaction) -> Counts:
    """How many rows each table has that would be copied."""
    return dict(tx.one("transfer.counts") or {})


def transfer(source: Database, target: Database, progress: Progress) -> Contents:
    """Copy all of `source` into `target`, or what an earlier copy has left to do, and verify it.

    The source is only read, each time in one snapshot. Whatever it gets meanwhile is copied in another round. A copy
    that was killed at any moment goes on when it is called again. Not copied are what is told to who watches, for
    nothing happened in the target; and the index of words, which the target makes anew.

    Returns:
        What both hold, by table.

    Raises:
        LockBusyError: another process copies into this target.
        StorageError: the target holds something else, or the source was written to again and again.
    """
    with _alone(target):
        origin = source.read(mark.identity)
        try:
            state = target.read(lambda tx: mark.admit(tx, origin, target.url))
        except mark.NotEmptyError:
            if complete := _alike(source, target):
                return complete
            raise
        if state == "empty":
            target.write(lambda tx: mark.begin(tx, origin))
        return _rounds(source, target, progress)


@contextmanager
def _alone(target: Database) -> Iterator[None]:
    # A lock that is taken at the first attempt fails in no other way, and the block's own errors pass unchanged.
    with ExitStack() as stack:
        try:
            stack.enter_context(target.lock(_LOCK, wait=0))
        except LockBusyError as error:
            raise LockBusyError(
                f"a copy into {target.url} is under way", hint="wait until it is complete, or end its process"
            ) from error
        yield


def _alike(source: Database, target: Database) -> Contents | None:
    """What both hold if that is the same already: a copy that was complete, and killed before it could say so."""
    if source.read(counts) != target.read(counts):
        return None
    here = target.read(contents)
    return None if differences(source.read(contents), here) else here


def _rounds(source: Database, target: Database, progress: Progress) -> Contents:
    for _ in range(_ROUNDS):
        began = source.read(partial(_copy, target=target, progress=progress))
        progress("verify", 0, 0)
        pulse, there = source.read(lambda tx: (_pulse(tx), contents(tx)))
        different = differences(there, target.read(contents))
        if different and pulse == began:
            names = ", ".join(f"{one.table} ({one.source} rows, {one.target} copied)" for one in different)
            raise StorageError(
                f"the copy differs from its source: {names}",
                hint="the source is as it was; `agentctl doctor` checks it; copy into another, empty database",
            )
        if not different and source.read(_pulse) == pulse:
            target.write(mark.end)
            return there
    raise StorageError(
        "the source was written to while it was copied",
        hint="end the other programs that use it and run this again: it goes on where it stopped",
    )


def _copy(tx: Transaction, target: Database, progress: Progress) -> Row | None:
    sizes = counts(tx)
    for table in COPIED:
        size = sizes[table.name]
        progress(table.name, 0, size)
        merge(table, tx, target, partial(_tell, progress, table.name, size))
    return _pulse(tx)


def _tell(progress: Progress, name: str, size: int, done: int) -> None:
    progress(name, done, size)


def _pulse(tx: Transaction) -> Row | None:
    return tx.one("transfer.pulse")
