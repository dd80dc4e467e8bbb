"""The mark by which a copy knows its own target again: a table that is there until the copy is complete."""

from __future__ import annotations

from typing import Literal

from agentctl.errors import StorageError
from agentctl.store.base import Transaction

State = Literal["empty", "begun"]


class NotEmptyError(StorageError):
    """The target holds what no copy has brought."""


def identity(tx: Transaction) -> int:
    """What tells a store from others: when it was made, in µs since the epoch."""
    row = tx.one("transfer.identity")
    return int(row["identity"]) if row else 0


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
