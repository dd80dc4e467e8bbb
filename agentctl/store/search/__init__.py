"""Makes messages be found by their words."""

from __future__ import annotations

from contextlib import suppress

from agentctl.messages import load
from agentctl.store.base import Database, Transaction
from agentctl.store.words import words_of

_BATCH = 500  # messages of the backlog in one transaction


def index(tx: Transaction, message_id: str, tokens: str) -> None:
    """Make a message be found by its words."""
    document = tx.one("search.document", message_id=message_id)
    if document is not None:
        tx.execute("search.index", id=document["id"], tokens=tokens)


def postpone(tx: Transaction, message_id: str) -> None:
    """Leave a message to be indexed before the next search."""
    tx.execute("search.postpone", message_id=message_id)


def catch_up(database: Database) -> int:
    """Index the messages that are not indexed yet, in short transactions, and return how many there were."""
    done = 0
    while database.read(lambda tx: tx.one("search.backlog", limit=1)):
        done += database.write(_catch_up)
    return done


def forget(tx: Transaction, message_id: str, body: str) -> None:
    """Take the words of a message that is about to be deleted out of the index. `body` is how it is stored.

    Of a damaged message they are not known any more: they stay, and lead nowhere.
    """
    try:
        tokens = words_of(load(body))
    except ValueError:
        return
    tx.execute("search.forget", message_id=message_id, tokens=tokens)


def _catch_up(tx: Transaction) -> int:
    waiting = tx.all("search.backlog", limit=_BATCH)
    for row in waiting:
        with suppress(ValueError):  # a damaged message has no words
            index(tx, row["id"], words_of(load(row["body"])))
        tx.execute("search.caught_up", message_id=row["id"])
    return len(waiting)
