"""All branches of a conversation, drawn as a tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agentctl.cli.render import plain
from agentctl.cli.sessions.shown import first_words
from agentctl.messages import Message
from agentctl.store import sessions
from agentctl.store.base import Row, Transaction
from agentctl.store.sessions import Branch
from agentctl.store.sessions.messages import read


@dataclass(frozen=True)
class Node:
    """A message in the tree; `what` is its message or, if it is damaged, what is wrong with it.

    `active` is whether it is part of the active branch, `ends` are the branches that end with it.
    """

    row: Row
    what: Message | str
    active: bool
    ends: tuple[Branch, ...]

    @property
    def words(self) -> str:
        """How it begins."""
        return f"damaged: {self.what}" if isinstance(self.what, str) else first_words(self.what)

    @property
    def speaker(self) -> str:
        """Who says it."""
        return str(self.row["role"]) if isinstance(self.what, str) else plain(self.what.model or self.what.role)


def nodes(tx: Transaction, session_id: str) -> list[Node]:
    """Return the messages of all branches of a session, by their place from the root."""
    rows, branches = sessions.rows(tx, session_id), sessions.branches(tx, session_id)
    ends: defaultdict[str | None, list[Branch]] = defaultdict(list)
    for branch in branches:
        ends[branch.head_id or branch.forked_after].append(branch)
    head = next((branch.head_id or branch.forked_after for branch in branches if branch.active), None)
    active = _lineage(rows, head)
    return [Node(row, read(row), row["id"] in active, tuple(ends[row["id"]])) for row in rows]


def lines(found: Sequence[Node], length: int) -> Iterator[str]:
    """Draw the tree: what was said first on top, side branches indented, and the active branch marked with stars."""
    known = {node.row["id"] for node in found}
    below: defaultdict[str | None, list[Node]] = defaultdict(list)
    for node in found:
        parent = node.row["parent_id"]
        below[parent if parent in known else None].append(node)
    waiting = _placed(below[None], "")
    while waiting:
        node, first, rest = waiting.pop()
        yield f"{first}{'*' if node.active else ' '} {_line(node, length)}"
        waiting += _placed(below[node.row["id"]], rest)


def document(node: Node) -> dict[str, Any]:
    """A message of the tree in JSON output."""
    return {
        "id": node.row["id"],
        "parent_id": node.row["parent_id"],
        "branch_id": node.row["branch_id"],
        "seq": node.row["seq"],
        "role": node.row["role"],
        "status": "damaged" if isinstance(node.what, str) else node.row["status"],
        "words": node.words,
        "active": node.active,
    }


def _lineage(rows: Sequence[Row], head: str | None) -> set[str]:
    parents = {row["id"]: row["parent_id"] for row in rows}
    lineage: set[str] = set()
    while head is not None and head in parents and head not in lineage:
        lineage.add(head)
        head = parents[head]
    return lineage


def _placed(siblings: Sequence[Node], indent: str) -> list[tuple[Node, str, str]]:
    """Where siblings are drawn, the last one first: that is the one that goes straight on."""
    straight = next((node for node in siblings if node.active), siblings[-1] if siblings else None)
    aside = [(node, f"{indent}├─", f"{indent}│ ") for node in siblings if node is not straight]
    return [(straight, indent, indent), *reversed(aside)] if straight else []


def _line(node: Node, length: int) -> str:
    told = (f"{branch.name or branch.id[:length]}{', active' if branch.active else ''}" for branch in node.ends)
    ends = "".join(f"  [{one}]" for one in told)
    return f"{node.row['id'][:length]} {node.speaker}: {node.words}{ends}"
