"""The search index as a whole: whether it can be used, and how it is made anew."""

from __future__ import annotations

from agentctl.store.base import DamagedError, Transaction

# In this order. Where words stand with their documents the index is the database's own, and these do nothing.
_STEPS = ("drop_data", "drop_idx", "drop_docsize", "drop_config", "unlock_schema", "drop_index", "lock_schema")


def broken(tx: Transaction) -> str | None:
    """Return what is wrong with the index, None if it can be used."""
    try:
        tx.one("renewing.probe")
    except DamagedError as error:
        return error.message
    return None


def mend(tx: Transaction) -> None:
    """Make the index anew if it can't be used."""
    if broken(tx):
        renew(tx)


def renew(tx: Transaction) -> None:
    """Make the index anew, empty; all messages wait to be indexed again."""
    for step in (*_STEPS, "make_index", "clear_documents", "refill_backlog"):
        tx.execute(f"renewing.{step}")
