"""The mark by which a copy knows its own target again: a table that is there until the copy is complete."""

from __future__ import annotations

from typing import Literal

from agentctl.errors import StorageError, UsageError
from agentctl.ids import new_id
from agentctl.store.base import Database, Transaction

State = Literal["empty", "begun"]


class NotEmptyError(StorageError):
    """The target holds what no copy has brought."""


def identity(tx: Transaction) -> int:
    """What tells a store from others: when it was made, in µs since the epoch."""
    row = tx.one("transfer.identity")
    return int(row["identity"]) if row else 0


def refuse_itself(source: Database, target: Database) -> None:
    """See that two URLs do not lead to the same store, such as by another name of its server.

    Only where both were made at the same moment, as also a restored backup was, something is written: a mark into the
    target, which is looked for in the source and taken back.

    Raises:
        UsageError: they do.
    """
    same = source.url == target.url
    if not same and (made := source.read(identity)) and made == target.read(identity):
        mark = new_id()
        try:
            target.write(lambda tx: _probe(tx, mark))
            same = source.read(_probed) == mark
        finally:
            target.write(_unprobe)
    if same:
        raise UsageError("FROM and TO are the same database", hint="give the URL of a new one as TO")


def _probe(tx: Transaction, mark: str) -> None:
    _unprobe(tx)  # of a process that died
    tx.execute("transfer.probe_begin")
    tx.execute("transfer.probe_mark", mark=mark)


def _probed(tx: Transaction) -> str | None:
    found = tx.one("transfer.probed") and tx.one("transfer.probe_read")
    return str(found["mark"]) if found else None


def _unprobe(tx: Transaction) -> None:
    tx.execute("transfer.probe_end")


def admit(tx: Transaction, source: int, where: str) -> State:
    """Say whether a target is empty, or a copy of the store `source` was begun there.

    Raises:
        NotEmptyError: it holds something, and no copy into it was begun or is left to finish.
        StorageError: a copy of another store was begun there, or it was used meanwhile.
    """
    marked = tx.one("transfer.marked") and tx.one("transfer.marked_for")
    if marked and marked["identity"] != source:
        raise StorageError(
            f"a copy of another store was begun in {where}", hint="finish that copy, or choose an empty database"
        )
    content = [row["place"] for row in tx.all("transfer.content")]
    if marked and "outbox" in content:
        raise StorageError(
            f"{where} was used before the copy into it was complete, and holds what the source has not",
            hint="choose an empty database, and use it once the copy says that it is complete",
        )
    if content and not marked:
        raise NotEmptyError(
            f"{where} is not empty: it has rows in {', '.join(content)}",
            hint="choose a database that is new or empty; nothing was written",
        )
    return "begun" if marked else "empty"


def begin(tx: Transaction, source: int) -> None:
    """Mark an empty target."""
    tx.execute("transfer.begin")
    tx.execute("transfer.mark", identity=source)


def end(tx: Transaction) -> None:
    """Take the mark away: the target is a store of its own from now on."""
    tx.execute("transfer.end")
