"""What is exported of sessions, page by page, so that a long conversation need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentctl.errors import UsageError
from agentctl.store.base import Row, Transaction

_PAGE = 100  # messages, each with its attachments
_SESSIONS = 500


def all_sessions(tx: Transaction) -> Iterator[str]:
    """Return the ids of all sessions that are not in the trash, in their order."""
    after = ""
    while page := tx.all("exchange.sessions", after=after, limit=_SESSIONS):
        after = page[-1]["id"]
        yield from (row["id"] for row in page)


def session_row(tx: Transaction, session_id: str) -> Row:
    """Return what is kept of a session.

    Raises:
        UsageError: it is gone.
    """
    row = tx.one("exchange.session", id=session_id)
    if row is None:
        raise UsageError(f"there is no session {session_id!r}", hint="`agentctl sessions list` shows what there is")
    return row


def tags(tx: Transaction, session_id: str) -> list[str]:
    """Return the tags of a session, in order."""
    return [row["tag"] for row in tx.all("exchange.tags", session_id=session_id)]


def all_branches(tx: Transaction, session_id: str) -> list[Row]:
    """Return the branches of a session in no order of theirs, also those that lead to no root."""
    return tx.all("exchange.branches", session_id=session_id)


def branches(tx: Transaction, session_id: str) -> list[Row]:
    """Return the branches of a session, each after the one that it forked from; none that hangs in the air."""
    waiting, ordered, known = all_branches(tx, session_id), list[Row](), {None}
    while ready := [row for row in waiting if row["parent_branch_id"] in known]:
        ordered += ready
        known |= {row["id"] for row in ready}
        waiting = [row for row in waiting if row["id"] not in known]
    return ordered


def count(tx: Transaction, of: Sequence[Row]) -> int:
    """Return how many messages these branches have."""
    found = [tx.one("exchange.count", branch_id=one["id"], seq=one["fork_seq"]) for one in of]
    return sum(row["messages"] for row in found if row)


def messages(tx: Transaction, branch: Row, until: int | None = None) -> Iterator[Row | range]:
    """Return the messages of a branch in the order of the conversation, or those before the place `until`.

    A range stands for the places of messages that should be there and are not.
    """
    end = branch["next_seq"] if until is None else until
    place = branch["fork_seq"]
    while page := tx.all("exchange.messages", branch_id=branch["id"], seq=place, limit=_PAGE):
        for row in page:
            if until is not None and row["seq"] >= until:
                break
            if row["seq"] > place:
                yield range(place, row["seq"])
            yield row
            place = row["seq"] + 1
        else:
            continue
        break
    if place < end:
        yield range(place, end)
