"""Makes sessions, as an export has them, of conversations of another program."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentctl.exchange.llm.values import SOURCE
from agentctl.ids import derived_id
from agentctl.messages import Message, dump, load
from agentctl.store import sessions

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the log: what it is called there, when it was said (epoch µs), and what else is known of it."""

    key: str
    message: Message
    at: int
    record: Fields


@dataclass(slots=True)
class Drawing:
    """A session in the making, of the conversation that is called `key` in the log and began `at` (epoch µs)."""

    key: str
    name: str | None
    at: int
    record: Fields
    forked_from: str | None = None
    messages: list[Fields] = field(default_factory=list)
    branches: list[Fields] = field(default_factory=list)
    _placed: dict[str, Fields] = field(default_factory=dict)
    _title: str | None = None

    @property
    def id(self) -> str:
        """The session's id."""
        return session_id(self.key, self.at)

    def add(self, chain: Sequence[Said]) -> None:
        """Add a line of messages from the root on; it shares those with other lines with which both begin."""
        known = next((place for place, said in enumerate(chain) if said.key not in self._placed), len(chain))
        if known == len(chain):
            return
        head = self._placed[chain[known - 1].key] if known else None
        branch = self._branch(head, chain[known])
        for said in chain[known:]:
            head = self._place(branch, head, said)

    def session(self, head: str | None) -> Fields:
        """Return the session, whose active branch is the one of the message `head`."""
        if not self.branches:
            self._begin(None, 0, "")
        times = [self.at, *(message["created_at"] for message in self.messages)]
        active = self._placed[head]["branch_id"] if head in self._placed else self.branches[0]["id"]
        return {
            "id": self.id,
            "name": self.name,
            "title": self._title,
            "created_at": min(times),
            "updated_at": max(times),
            "forked_from_session": self.forked_from,
            "forked_from_message": None,
            "active_branch_id": active,
            "tags": [],
            "branches": self.branches,
            "cost": {},
            "imported": {"source": SOURCE, "record": self.record},
        }

    def _branch(self, head: Fields | None, first: Said) -> Fields:
        if head is None:
            return self._begin(self.branches[0]["id"] if self.branches else None, 0, first.key)
        branch = next(branch for branch in self.branches if branch["id"] == head["branch_id"])
        if branch["next_seq"] == head["seq"] + 1:
            return branch
        return self._begin(branch["id"], head["seq"] + 1, first.key)

    def _begin(self, parent: str | None, seq: int, key: str) -> Fields:
        branch = {
            "id": self._id(self.at, "branch", key),
            "parent_branch_id": parent,
            "fork_seq": seq,
            "next_seq": seq,
            "name": None,
            "created_at": self.at,
        }
        self.branches.append(branch)
        return branch

    def _place(self, branch: Fields, head: Fields | None, said: Said) -> Fields:
        body = dump(said.message)
        load(body)  # a column of the log may be of any type
        message = {
            "id": self._id(said.at, "message", said.key),
            "branch_id": branch["id"],
            "seq": branch["next_seq"],
            "parent_id": head["id"] if head else None,
            "role": said.message.role,
            "status": "final",
            "run_id": None,
            "created_at": said.at,
            "body": body,
            "body_sha256": hashlib.sha256(body.encode()).hexdigest(),
            "imported": {"source": SOURCE, "record": said.record} if said.record else None,
        }
        branch["next_seq"] += 1
        self.messages.append(message)
        self._placed[said.key] = message
        if self._title is None and said.message.role == "user":
            self._title = sessions.title_of(said.message)
        return message

    def _id(self, at: int, *names: str) -> str:
        return derived_id(at // 1000, SOURCE, self.key, *names)


def session_id(key: str, at: int) -> str:
    """Return the id of the session that a conversation becomes."""
    return derived_id(at // 1000, SOURCE, key)
