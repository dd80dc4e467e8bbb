"""Exports whose lines are sealed and that make no sense: each is refused with its line before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from support.exports import exported, imported, resealed, whole

from agentctl.errors import UsageError
from agentctl.store.open import connect

Fields = dict[str, Any]

YEAR_2100 = 4_102_444_800_000_000


def deep(levels: int) -> Any:
    """Lists in lists."""
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def said(**part: Any) -> Callable[[Fields], None]:
    """Give a message another body, with its checksum."""

    def change(fields: Fields) -> None:
        fields["body"] = {"role": "user", "parts": [{"type": "text", "text": "x", **part}]}
        text = json.dumps(fields["body"], separators=(",", ":"))
        fields["body_sha256"] = hashlib.sha256(text.encode()).hexdigest()

    return change


def branch(number: int, **values: Any) -> Callable[[Fields], None]:
    """Change a branch of the session."""
    return lambda fields: fields["branches"][number].update(values)


def cycle(fields: Fields) -> None:
    """Let both branches descend from each other."""
    one, other = fields["branches"]
    one["parent_branch_id"] = other["id"]


def selfish(fields: Fields) -> None:
    """Let a branch be its own parent."""
    fields["branches"][1]["parent_branch_id"] = fields["branches"][1]["id"]


SESSION: dict[str, Callable[[Fields], object]] = {
    "a time after 2100": lambda fields: fields.update(created_at=YEAR_2100 + 1),
    "a time before 1970": lambda fields: fields.update(updated_at=-1),
    "a number for no column": lambda fields: fields.update(updated_at=2**70),
    "an id with a blank": lambda fields: fields.update(id="a b"),
    "an id with an escape": lambda fields: fields.update(id="\x1b[31m"),
    "an id that is too long": lambda fields: fields.update(id="a" * 65),
    "no id": lambda fields: fields.update(id=""),
    "a name that can't be printed": lambda fields: fields.update(name="\x1b[31m"),
    "a name with half a character": lambda fields: fields.update(name="\ud800"),
    "a title over lines": lambda fields: fields.update(title="a\nb"),
    "a tag of a number": lambda fields: fields.update(tags=[5]),
    "a tag with a blank": lambda fields: fields.update(tags=["a b"]),
    "a cost below nothing": lambda fields: fields["cost"].update(known_pusd=-1),
    "a cost for no column": lambda fields: fields["cost"].update(unknown_calls=2**63),
    "a cost of a list": lambda fields: fields.update(cost=[]),
    "a branch of text": lambda fields: fields.update(branches=["x"]),
    "a record of text": lambda fields: fields.update(imported={"source": "x", "record": "y"}),
    "a record that is deep": lambda fields: fields.update(imported={"source": "x", "record": {"a": deep(500)}}),
    "a source with half a character": lambda fields: fields.update(imported={"source": "\ud800", "record": {}}),
    "an active branch of others": lambda fields: fields.update(active_branch_id="0" * 26),
    "branches in a cycle": cycle,
    "a branch of itself": selfish,
    "no branches": lambda fields: fields.update(branches=[]),
    "parents that come last": lambda fields: fields["branches"].reverse(),
    "a branch that is there twice": lambda fields: fields["branches"].append(fields["branches"][1]),
    "a fork behind its parent": branch(1, fork_seq=9, next_seq=10),
    "a root that begins later": branch(0, fork_seq=1),
    "a branch that is told longer": branch(1, next_seq=500),
    "a branch that is told shorter": branch(0, next_seq=2),
    "fewer messages than lines": lambda fields: fields.update(messages=-1),
}
MESSAGE: dict[str, Callable[[Fields], object]] = {
    "a hole": lambda fields: fields.update(seq=fields["seq"] + 1),
    "a place below none": lambda fields: fields.update(seq=-1),
    "no parent": lambda fields: fields.update(parent_id=None),
    "another parent": lambda fields: fields.update(parent_id="0" * 26),
    "its own parent": lambda fields: fields.update(parent_id=fields["id"]),
    "the id of the one before": lambda fields: fields.update(id=fields["parent_id"]),
    "another status": lambda fields: fields.update(status="done"),
    "another role": lambda fields: fields.update(role="root"),
    "no checksum": lambda fields: fields.update(body_sha256="x"),
    "text for a number": said(text=5),
    "a signature that is a list": said(signature=[]),
    "a part that is deep": said(type="new", text=deep(400)),
    "half a character": lambda fields: fields.update(text="\ud800", damaged=True),
}


def refused(line: int, change: Callable[[Fields], object]) -> None:
    """Check that the change of a line is refused with its number."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        with pytest.raises(UsageError, match=f"line {line + 1} ") as caught:
            imported(other, resealed(whole(one), line, change))
        assert caught.value.hint
        assert exported(other).count(b"\n") == 2


@pytest.mark.parametrize("change", SESSION.values(), ids=SESSION)
def test_a_session_that_makes_no_sense(change: Callable[[Fields], object]) -> None:
    """Whatever is wrong with its columns, tags, costs and branches, its line is named."""
    refused(1, change)


@pytest.mark.parametrize("change", MESSAGE.values(), ids=MESSAGE)
def test_a_message_that_makes_no_sense(change: Callable[[Fields], object]) -> None:
    """Whatever is wrong with its place, columns and parts, its line is named."""
    refused(3, change)


def test_a_session_that_is_there_twice() -> None:
    """The same session once more in one file is refused."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        lines = whole(one).splitlines(keepends=True)
        twice = b"".join([*lines[:-1], *lines[1:]])
        with pytest.raises(UsageError, match="line 7 is of a session, or has a branch, that was there before"):
            imported(other, twice)
        assert exported(other).count(b"\n") == 2


def test_a_foreign_cost_is_not_ours() -> None:
    """What somebody else's record calls a cost is never told as what was spent."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        record = {"source": "x", "record": {"cost": {"known_pusd": 5, "unknown_calls": 0}, "kept": 1}}
        none = {"known_pusd": 0, "unknown_calls": 0}
        imported(other, resealed(whole(one), 1, lambda fields: fields.update(imported=record, cost=none)))
        session = json.loads(exported(other).splitlines()[1])
        assert session["cost"] == none
        assert session["imported"] == {"source": "x", "record": {"kept": 1}}
