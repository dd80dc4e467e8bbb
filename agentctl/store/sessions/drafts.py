"""Drafts: answers that are still arriving."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agentctl.store.base import Row, Transaction
from agentctl.store.sessions.session import Session, from_row, now


@dataclass(frozen=True)
class Draft:
    """What arrived of an answer that belongs at `session`, in pieces."""

    run_id: str
    session: Session
    chunks: list[str]

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.session.id

    @property
    def branch_id(self) -> str:
        """The branch the answer belongs on."""
        return self.session.branch_id


def open_draft(tx: Transaction, session: Session, run_id: str) -> None:
    """Begin to keep an answer that belongs where `session` stands."""
    tx.execute(
        "drafts.open",
        run_id=run_id,
        session_id=session.id,
        branch_id=session.branch_id,
        head_id=session.head_id,
        next_seq=session.next_seq,
        now=now(),
    )


def add_draft(tx: Transaction, run_id: str, seq: int, chunk: str) -> None:
    """Keep one more piece of the answer; pieces are put in the order of `seq`."""
    # As ASCII JSON: a piece may end between the two halves of a surrogate pair.
    tx.execute("drafts.add", run_id=run_id, seq=seq, chunk=json.dumps(chunk))


def drafts(tx: Transaction) -> list[Draft]:
    """Return the answers that are still arriving, or whose process died; oldest first."""
    return [_draft(tx, row) for row in tx.all("drafts.all")]


def find_draft(tx: Transaction, run_id: str) -> Draft | None:
    """Return the draft of a run, if it is open."""
    row = tx.one("drafts.get", run_id=run_id)
    return _draft(tx, row) if row else None


def close_draft(tx: Transaction, run_id: str) -> None:
    """Forget the pieces of an answer."""
    tx.execute("drafts.close", run_id=run_id)


def _draft(tx: Transaction, row: Row) -> Draft:
    chunks = [json.loads(part["chunk"]) for part in tx.all("drafts.chunks", run_id=row["run_id"])]
    return Draft(row["run_id"], from_row(row), chunks)
