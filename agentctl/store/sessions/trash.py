"""The trash: deleted sessions stay there until they are restored or purged. All functions work inside a transaction."""

from __future__ import annotations

from agentctl.errors import UsageError
from agentctl.store import outbox, search
from agentctl.store.base import Transaction
from agentctl.store.search.renewing import mend
from agentctl.store.sessions.messages import read
from agentctl.store.sessions.session import now

_PURGED = ("drafts", "tool_calls", "outcomes", "decision_calls", "decisions", "messages", "branches", "session")


def delete(tx: Transaction, session_id: str) -> None:
    """Put a session in the trash, as it is: no list has it, and no conversation goes on with it."""
    if tx.execute("trash.delete", id=session_id, now=now()):
        outbox.add(tx, session_id, "deleted")


def restore(tx: Transaction, session_id: str) -> None:
    """Take a session out of the trash, as it was."""
    if tx.execute("trash.restore", id=session_id):
        outbox.add(tx, session_id, "restored")


def deleted_before(tx: Transaction, moment: int) -> list[str]:
    """Return the ids of the sessions that were put in the trash before a moment in epoch µs, the earliest first."""
    return [row["id"] for row in tx.all("trash.before", moment=moment)]


def purge(tx: Transaction, session_id: str) -> None:
    """Remove a session in the trash for good, with its messages, drafts, words and what its tool calls were about.

    What was decided for it and how good its answers were goes too.

    What it cost stays in the ledger, and that tools were called in the audit trail.

    Raises:
        UsageError: it is not in the trash.
        DamagedError: its words can't be taken out of the index: `renew` makes that anew, in a transaction of its own.
    """
    if not tx.one("trash.has", id=session_id):
        raise UsageError(
            f"session {session_id} is not in the trash", hint="only what was deleted before can be removed for good"
        )
    mend(tx)
    tx.execute("purging.begin", session_id=session_id)
    for row in tx.all("messages.of_session", session_id=session_id):
        message = read(row)
        search.forget(tx, row["id"], None if isinstance(message, str) else message)
    for what in _PURGED:
        tx.execute(f"purging.{what}", session_id=session_id)
    tx.execute("purging.end", session_id=session_id)
    outbox.add(tx, session_id, "purged")
