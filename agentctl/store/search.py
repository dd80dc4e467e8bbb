"""Finds messages by their words."""

from __future__ import annotations

from agentctl.store.base import Transaction


def index(tx: Transaction, message_id: str, tokens: str) -> None:
    """Make a message be found by its words."""
    document = tx.one("search.document", message_id=message_id)
    if document is not None:
        tx.execute("search.index", id=document["id"], tokens=tokens)
