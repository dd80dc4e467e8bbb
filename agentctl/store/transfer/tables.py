"""The tables of a store as a copy goes through them: each after those that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agentctl.store.base import Row, Transaction

PAGE = 200  # rows; a message may have megabytes

Place = Mapping[str, str | int]
"""The key of a row."""
Change = Literal["change", "delete"]


@dataclass(frozen=True)
class Table:
    """One table, or a kind of rows that are copied together.

    Args:
        name: what its queries are called.
        key: the columns that it is read in the order of; texts are ordered by their code points.
        numbers: those of them that are numbers, none of which is below 0.
        changes: what may become of a row after it was written. What may not is left as it is, and found to differ.
    """

    name: str
    key: tuple[str, ...]
    numbers: frozenset[str] = frozenset()
    changes: frozenset[Change] = frozenset()

    def rows(self, read: Callable[[Place], list[Row]]) -> Iterator[Row]:
        """Go through all of it in the order of its key; `read` returns the page after a place, as `page` does."""
        place: Place = {name: -1 if name in self.numbers else "" for name in self.key}
        while found := read(place):
            yield from found
            place = {name: found[-1][name] for name in self.key}

    def page(self, tx: Transaction, place: Place) -> list[Row]:
        """Read the rows after a place, at most a page."""
        return tx.all(f"transfer.{self.name}", limit=PAGE, **place)

    def key_of(self, row: Row) -> tuple[str | int, ...]:
        """What a row is ordered by."""
        return tuple(row[name] for name in self.key)

    def insert(self, tx: Transaction, row: Row) -> None:
        """Write a row that is not there."""
        tx.execute(f"copying.{self.name}_insert", **row)

    def change(self, tx: Transaction, row: Row) -> None:
        """Bring the row with this key to what `row` is."""
        if "change" in self.changes:
            tx.execute(f"copying.{self.name}_change", **row)

    def delete(self, tx: Transaction, row: Row) -> None:
        """Take a row away that the source has no more."""
        if "delete" in self.changes:
            tx.execute(f"copying.{self.name}_delete", **row)


@dataclass(frozen=True)
class Conversations(Table):
    """Sessions with their branches: each refers to the other, so both are written in one transaction."""

    def page(self, tx: Transaction, place: Place) -> list[Row]:
        """Read sessions, each with its branches in order of their ids."""
        rows = super().page(tx, place)
        branches: dict[str, list[Row]] = {row["id"]: [] for row in rows}
        if rows:
            for branch in tx.all("transfer.branches_of", after=place["id"], last=rows[-1]["id"]):
                branches[branch["session_id"]].append(branch)
        return [{"id": row["id"], "session": row, "branches": branches[row["id"]]} for row in rows]

    def insert(self, tx: Transaction, row: Row) -> None:
        """Write a session and its branches."""
        tx.execute("copying.sessions_insert", **row["session"])
        for branch in _parents_first(row["branches"]):
            tx.execute("copying.branches_insert", **branch)

    def change(self, tx: Transaction, row: Row) -> None:
        """Bring both on."""
        tx.execute("copying.sessions_change", **row["session"])
        for branch in _parents_first(row["branches"]):
            if not tx.execute("copying.branches_change", **branch):
                tx.execute("copying.branches_insert", **branch)

    def delete(self, tx: Transaction, row: Row) -> None:
        """Take away a session that was purged, and all that goes with it."""
        for step in _PURGE:
            tx.execute(f"copying.purge_{step}", id=row["id"])


@dataclass(frozen=True)
class Messages(Table):
    """Messages, whose words are for the search to find later."""

    def insert(self, tx: Transaction, row: Row) -> None:
        """Write a message, and that its words are to be indexed."""
        super().insert(tx, row)
        tx.execute("copying.backlog", id=row["id"])


_PURGE = ("begin", "drafts", "outcomes", "decision_calls", "decisions", "messages", "branches", "session", "end")
CONVERSATIONS = Conversations("sessions", ("id",))
_SEQ, _AT, _SLOT = frozenset({"seq"}), frozenset({"created_at", "attempt"}), frozenset({"slot"})
_CHANGED: frozenset[Change] = frozenset({"change"})
_DELETED: frozenset[Change] = frozenset({"delete"})
_LATER = (
    Messages("messages", ("session_id", "seq", "id"), _SEQ),
    Table("imports", ("session_id", "message_id"), changes=_CHANGED | _DELETED),
    Table("session_tags", ("tag", "session_id"), changes=_DELETED),
    Table("damaged_messages", ("message_id",), changes=_CHANGED | _DELETED),
    Table("drafts", ("run_id",), changes=_DELETED),
    Table("draft_chunks", ("run_id", "seq"), _SEQ),
    Table("usage_ledger", ("id",), changes=_CHANGED),
    Table("charge_reports", ("charge_id",)),
    Table("open_calls", ("reservation_id",), changes=_CHANGED | _DELETED),
    Table("cache_prints", ("id",)),
    Table("cache_footprints", ("session_id", "provider", "model"), changes=_CHANGED | _DELETED),
    Table("cache_uses", ("created_at", "call_id", "attempt"), _AT, changes=_CHANGED),
    Table("cache_misses", ("id",), changes=_CHANGED),
    Table("cache_contents", ("id",), changes=_CHANGED),
    Table("tool_calls", ("run_id", "position"), frozenset({"position"}), changes=_CHANGED),
    Table("decisions", ("id",)),
    Table("decision_calls", ("decision_id", "call_id")),
    Table("outcomes", ("id",)),
)

COPIED: tuple[Table, ...] = (CONVERSATIONS, *_LATER)
"""What is written, in this order."""

SUMS = (
    Table("usage_sums", ("scope", "session_id", "slot", "provider", "model", "tag", "basis"), _SLOT),
    Table("cache_use_sums", ("slot", "provider", "model"), _SLOT),
    Table("cache_miss_sums", ("slot", "provider", "model", "cause"), _SLOT),
)
"""What the target's own triggers make of that, so that it shows whether they came to the same."""

COMPARED: tuple[Table, ...] = (Table("sessions", ("id",)), Table("branches", ("session_id", "id")), *_LATER, *SUMS)
"""What must be alike at the end."""


def _parents_first(branches: list[Row]) -> list[Row]:
    """Order the branches of a session so that each comes after the one that it forks from."""
    ids = {branch["id"] for branch in branches}
    children: dict[str | None, list[Row]] = {}
    for branch in branches:
        parent = branch["parent_branch_id"]
        children.setdefault(parent if parent in ids else None, []).append(branch)
    ordered = list(children.get(None, ()))
    for branch in ordered:
        ordered.extend(children.get(branch["id"], ()))
    return ordered
