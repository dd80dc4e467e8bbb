"""What happened to sessions, in the order in which it did, for those who watch."""

from __future__ import annotations

import time
from typing import Literal

from agentctl.store.base import Transaction

Kind = Literal["created", "message", "renamed", "tagged", "switched", "deleted", "restored", "purged"]


def add(tx: Transaction, session_id: str, kind: Kind) -> None:
    """Tell of something; a message that is appended tells of itself."""
    tx.execute("outbox.add", session_id=session_id, kind=kind, now=time.time_ns() // 1000)
