"""Makes messages be found by their words."""

from __future__ import annotations

import json

from agentctl.messages import Message, load
from agentctl.store.base import DamagedError, Database, ReadOnlyError, Transaction
from agentctl.store.search.renewing import broken, mend, renew

_BATCH = 500  # messages of the backlog in one transaction
_SHARE = 64  # of them that an append may have to take along
_TURN = "0"  # how one in 32 ids ends: that often are some indexed


def postpone(tx: Transaction, message_id: str) -> None:
    """Leave a message to be indexed before the next search."""
    tx.execute("search.postpone", message_id=message_id)


def some(tx: Transaction, message_id: str) -> None:
    """Index some messages that wait, now and then: `message_id` was just added, and chooses when.

    Many at once take a fraction of what each takes in a transaction of its own.
    """
    if message_id.endswith(_TURN):
        _catch_up(tx, _SHARE)


def catch_up(database: Database) -> int:
    """Index the messages that are not indexed yet, in short transactions, and return how many there were.

    A broken index is made anew. Of a database that can only be read the rest stays unindexed.
    """
    try:
        return _catch_up_all(database)
    except DamagedError:
        # In a transaction of its own: some errors of a broken index undo the one that they are in.
        database.write(renew)
        return _catch_up_all(database)
    except ReadOnlyError:
        return 0


def _catch_up_all(database: Database) -> int:
    done = 0
    if database.read(broken):
        database.write(renew)
    while database.read(lambda tx: tx.one("search.waits")):
        indexed = database.write(lambda tx: _catch_up(tx, _BATCH))
        if not indexed:  # others are at the last ones just now
            break
        done += indexed
    return done


def forget(tx: Transaction, message_id: str, message: Message | None) -> None:
    """Take the words of a message that is about to be deleted out of the index.

    Of a damaged message, None, they are not known any more: they stay, and lead nowhere.
    """
    waits = tx.execute("search.caught_up", message_id=message_id)
    if message and not waits:
        from agentctl.store.words import words_of  # noqa: PLC0415

        tx.execute("search.forget", message_id=message_id, tokens=words_of(message))


def _catch_up(tx: Transaction, most: int) -> int:
    mend(tx)
    waiting = tx.all("search.backlog", limit=most)
    if tokens := {row["id"]: _tokens(row["body"]) for row in waiting if not row["is_indexed"]}:
        tx.execute("search.documents", tokens=json.dumps(tokens))
        tx.execute("search.index", tokens=json.dumps(tokens))
    if waiting:
        tx.execute("search.all_caught_up", ids=json.dumps([row["id"] for row in waiting]))
    return len(waiting)


def _tokens(body: str) -> str:
    from agentctl.store.words import words_of  # noqa: PLC0415 - most appends index nothing

    try:
        return words_of(load(body))
    except (ValueError, TypeError, AttributeError):  # a damaged message has no words
        return ""
