"""Damaged messages that were set aside: they stay as they are, and their conversations go on without them.

All functions work inside a transaction.
"""

from __future__ import annotations

from agentctl.messages import Message, Text
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.session import now


def set_aside(tx: Transaction, message_id: str, why: str) -> bool:
    """Record that a message is damaged. From now on something stands in for it.

    Returns:
        Whether that is new.
    """
    return bool(tx.execute("damage.add", message_id=message_id, why=why, now=now()))


def set_aside_why(tx: Transaction, message_id: str) -> str | None:
    """Return why a message was set aside; None if it was not."""
    row = tx.one("damage.get", message_id=message_id)
    return row["why"] if row else None


def stand_in(row: Row) -> Message:
    """Return what is shown in place of a damaged message."""
    return Message(row["role"], (Text(f"[message {row['id']} is damaged and was set aside]"),))
