"""The branches of a session, and which of them is active. All functions work inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from agentctl.errors import UsageError
from agentctl.ids import new_id
from agentctl.store import outbox
from agentctl.store.base import Transaction
from agentctl.store.sessions.session import ID_LENGTH, Session, after, check_name, get, now

_SHORTEST = 4  # characters of the beginning of an id
_SHORT = 8


@dataclass(frozen=True)
class Branch:
    """A branch: the messages from `fork_seq` to before `next_seq`, after those of its parent. Times are in epoch µs.

    Args:
        forked_after: the last message that it has in common with its parent; None where it begins at the root.
        head_id: its last message; None where it has none of its own yet.
        created_at: 0 where that is not known.
        used_at: when its last message was stored.
        active: whether the session goes on there.
    """

    id: str
    name: str | None
    parent_id: str | None
    fork_seq: int
    next_seq: int
    created_at: int
    forked_after: str | None
    head_id: str | None
    used_at: int | None
    active: bool


def branches(tx: Transaction, session_id: str) -> list[Branch]:
    """Return the branches of a session, the oldest first."""
    rows = tx.all("branches.of_session", session_id=session_id)
    return [Branch(**{**row, "active": bool(row["active"])}) for row in rows]


def locate(tx: Transaction, session: Session, reference: str) -> Session:
    """Return the place in a session that a user means: the end of a branch, or the one right after a message.

    Args:
        tx: the transaction.
        session: the session, anywhere.
        reference: the name of a branch, or the beginning of the id of a branch or message.

    Raises:
        UsageError: there is no such place, or more than one.
    """
    known = branches(tx, session.id)
    meant = [branch for branch in known if branch.name == reference] or _begins(known, reference)
    places = [_end(session, branch) for branch in meant]
    if not places and len(reference) >= _SHORTEST and reference.isprintable():
        last = reference.ljust(ID_LENGTH, "z")
        found = tx.all("messages.beginning", session_id=session.id, first=reference, last=last)
        places = [after(session, row["branch_id"], row["id"], row["seq"]) for row in found]
    if len(places) == 1:
        return places[0]
    shown = session.name or session.id
    raise UsageError(
        f"{shown} has {'more than one' if places else 'no'} branch or message {reference!r}",
        hint=f"`agentctl sessions show --tree {session.id}` shows them all",
    )


def short_length(tx: Transaction, session_id: str) -> int:
    """Return how many characters of an id tell all branches and messages of a session apart; at least eight."""
    ids = [row["id"] for row in tx.all("messages.ids", session_id=session_id)]
    ids = sorted([*ids, *(branch.id for branch in branches(tx, session_id))])
    return max([_SHORT, *(_common(*pair) + 1 for pair in pairwise(ids))])


def switch(tx: Transaction, session: Session, place: Session, name: str | None = None) -> Session:
    """Let a session go on at a place: on the branch that ends there, else on a new one. No message is touched.

    Args:
        tx: the transaction.
        session: the session, anywhere.
        place: where it goes on, as `locate` returns it.
        name: a name for the branch that it goes on with; None leaves it as it is.

    Returns:
        The session, at that place.

    Raises:
        UsageError: the name is empty or not printable.
    """
    check_name(name)
    branch_id = next((branch.id for branch in branches(tx, session.id) if _ends_at(branch, place)), None)
    branch_id = branch_id or fork_branch(tx, place)
    if name is not None:
        tx.execute("branches.rename", id=branch_id, name=name)
    tx.execute("sessions.activate", id=session.id, branch_id=branch_id)
    outbox.add(tx, session.id, "switched")
    return get(tx, session.id)


def fork_branch(tx: Transaction, place: Session) -> str:
    """Make a branch that goes on at a place, and return its id. The session stays on its own."""
    branch_id = new_id()
    # Its parent holds the message before it, so that no lineage leads through branches without messages.
    holder = tx.one("messages.get", id=place.head_id) if place.head_id else None
    tx.execute(
        "branches.create",
        id=branch_id,
        session_id=place.id,
        parent_id=holder["branch_id"] if holder else place.branch_id,
        fork_seq=place.next_seq,
        now=now(),
    )
    return branch_id


def _begins(known: list[Branch], reference: str) -> list[Branch]:
    return [branch for branch in known if branch.id.startswith(reference) and len(reference) >= _SHORTEST]


def _end(session: Session, branch: Branch) -> Session:
    head_id = branch.head_id or branch.forked_after
    return replace(session, branch_id=branch.id, head_id=head_id, next_seq=branch.next_seq)


def _ends_at(branch: Branch, place: Session) -> bool:
    return branch.next_seq == place.next_seq and (branch.head_id or branch.forked_after) == place.head_id


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
