"""The places that the messages of an imported session take on its branches, which are to make one tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = Mapping[str, Any]


class MisplacedError(ValueError):
    """Says what does not fit."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A branch: where it begins and is to end, and the ids of its messages so far."""

    parent: _Line | None
    begin: int
    end: int
    ids: list[str] = field(default_factory=list)

    def at(self, seq: int) -> str | None:
        """The message at a place, looked for up to the root; None where there is none."""
        line: _Line | None = self
        while line is not None and seq < line.begin:
            line = line.parent
        return line.ids[seq - line.begin] if line is not None and 0 <= seq - line.begin < len(line.ids) else None


class Places:
    """The places of a session.

    Raises:
        MisplacedError: its branches are no tree whose parents come first, or the active one is none of them.
    """

    def __init__(self, session: Fields) -> None:
        self._lines: dict[str, _Line] = {}
        self._ids: set[str] = set()
        for branch in session["branches"]:
            self._begin(branch)
        if session["active_branch_id"] not in self._lines:
            raise MisplacedError("has an active branch that is none of its branches")

    def take(self, message: Fields) -> None:
        """Put a message in its place.

        Raises:
            MisplacedError: that is not the next one of its branch, or it does not follow the message before it.
        """
        line = self._lines.get(message["branch_id"])
        if line is None or message["seq"] != line.begin + len(line.ids) or message["id"] in self._ids:
            raise MisplacedError("is a message out of its place")
        if message["parent_id"] != line.at(message["seq"] - 1) or (message["parent_id"] is None and message["seq"]):
            raise MisplacedError("is a message that does not follow the one before it")
        line.ids.append(message["id"])
        self._ids.add(message["id"])

    def check_end(self) -> None:
        """Check that all messages came.

        Raises:
            MisplacedError: a branch has more or less than it was told to have.
        """
        if any(line.begin + len(line.ids) != line.end for line in self._lines.values()):
            raise MisplacedError("has a branch of another length than its messages come to")

    def _begin(self, branch: Fields) -> None:
        key, parent, begin = branch["id"], branch["parent_branch_id"], branch["fork_seq"]
        if key in self._lines or (parent not in self._lines if self._lines else parent is not None):
            raise MisplacedError("has branches that are no tree in which parents come first")
        above = self._lines.get(parent)
        if not (above.begin <= begin <= above.end if above else begin == 0):
            raise MisplacedError("has a branch that begins where its parent has no message")
        self._lines[key] = _Line(above, begin, branch["next_seq"])
