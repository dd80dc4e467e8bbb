"""`agentctl sessions branches`: the branches of a conversation."""

from __future__ import annotations

from typing import Any

from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_table
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.wiring import wire
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Branch

app = new_app()


@app.command()
def branches(session: Reference, *, as_json: AsJson = False) -> None:
    """List the branches of a conversation, the oldest first; `sessions switch` goes on with another."""
    found, length = wire().database.read(lambda tx: _read(tx, session))
    if as_json:
        print_json([_document(branch) for branch in found])
        return
    columns = ("branch", "name", "parent", "forks after", "messages", "used", "active")
    print_table(columns, [_row(branch, length) for branch in found])


def _read(tx: Transaction, reference: str) -> tuple[list[Branch], int]:
    session_id = sessions.find(tx, reference).id
    return sessions.branches(tx, session_id), sessions.short_length(tx, session_id)


def _document(branch: Branch) -> dict[str, Any]:
    return {
        "id": branch.id,
        "name": branch.name,
        "parent_id": branch.parent_id,
        "forked_after": branch.forked_after,
        "head_id": branch.head_id or branch.forked_after,
        "messages": branch.next_seq,
        "own_messages": branch.next_seq - branch.fork_seq,
        "created_at": rfc3339(branch.created_at) if branch.created_at else None,
        "used_at": None if branch.used_at is None else rfc3339(branch.used_at),
        "active": branch.active,
    }


def _row(branch: Branch, length: int) -> tuple[str, ...]:
    return (
        branch.id[:length],
        branch.name or "",
        (branch.parent_id or "")[:length],
        (branch.forked_after or "")[:length],
        str(branch.next_seq),
        "" if branch.used_at is None else local_time(branch.used_at),
        "*" if branch.active else "",
    )
