"""Checks that an export is whole and makes sense before any of it is imported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError
from agentctl.exchange.lines import FORMAT, VERSION, refuse, sealed_lines
from agentctl.messages import load

Fields = Mapping[str, Any]

_OPTIONAL = (str, type(None))
_SESSION: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "name": _OPTIONAL,
    "title": _OPTIONAL,
    "created_at": (int,),
    "updated_at": (int,),
    "forked_from_session": _OPTIONAL,
    "forked_from_message": _OPTIONAL,
    "active_branch_id": (str,),
    "messages": (int,),
    "tags": (list,),
    "branches": (list,),
    "cost": (dict,),
    "imported": (dict, type(None)),
}
_BRANCH: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "parent_branch_id": _OPTIONAL,
    "fork_seq": (int,),
    "next_seq": (int,),
    "name": _OPTIONAL,
    "created_at": (int,),
}
_MESSAGE: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "branch_id": (str,),
    "seq": (int,),
    "parent_id": _OPTIONAL,
    "role": (str,),
    "status": (str,),
    "run_id": _OPTIONAL,
    "created_at": (int,),
    "body_sha256": (str,),
    "imported": (dict, type(None)),
}

_IMPORTED: Mapping[str, tuple[type, ...]] = {"source": (str,), "record": (dict,)}
_COST: Mapping[str, tuple[type, ...]] = {"known_pusd": (int,), "unknown_calls": (int,)}


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    with path.open("rb") as file:
        return file.read(len(FORMAT) + 12).startswith(f'{{"format":"{FORMAT}"'.encode())


def blocks(path: Path) -> Iterator[tuple[int, Fields, Iterator[tuple[int, Fields]]]]:
    """Return each session of an export with its messages, which are to be gone through before the next session.

    Raises:
        UsageError: a line is not as it was written, or something lacks.
    """
    lines = sealed_lines(path)
    number, header = next(lines, (1, {}))
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise UsageError(f"{path} is no export that this program knows", hint=f"it reads version {VERSION} of {FORMAT}")
    sessions = messages = 0
    for number, fields in lines:
        if fields.get("type") == "end":
            _check_end(number, fields, sessions, messages)
            return
        session = _checked(number, fields, "session", _SESSION)
        for branch in session["branches"]:
            _checked(number, branch, None, _BRANCH)
        _checked(number, session["cost"], None, _COST)
        sessions, messages = sessions + 1, messages + session["messages"]
        yield number, session, _messages(lines, number, session)
    raise refuse(number, "is the last one: the file is torn")


def check(path: Path) -> None:
    """Read all of an export.

    Raises:
        UsageError: a line is not as it was written, or something lacks.
    """
    for _, session, messages in blocks(path):
        places = {branch["id"]: branch["fork_seq"] for branch in session["branches"]}
        known: set[str | None] = {None}
        for number, message in messages:
            if places.get(message["branch_id"]) != message["seq"] or message["parent_id"] not in known:
                raise refuse(number, "is a message out of its place")
            places[message["branch_id"]] += 1
            known.add(message["id"])


def body_of(number: int, message: Fields) -> str:
    """Return the text of a message as it was stored.

    Raises:
        UsageError: it is not the text that its checksum is of.
    """
    body = message["text"] if "text" in message else json.dumps(message.get("body"), separators=(",", ":"))
    if not isinstance(body, str):
        raise refuse(number, "has no message")
    if message.get("damaged") is True:
        return body
    if hashlib.sha256(body.encode()).hexdigest() != message["body_sha256"]:
        raise refuse(number, "has a message that differs from its checksum")
    try:
        role = load(body).role
    except (ValueError, RecursionError) as error:
        raise refuse(number, "has no message that this program knows") from error
    if role != message["role"]:
        raise refuse(number, "has a message of another role")
    return body


def _messages(lines: Iterator[tuple[int, Fields]], number: int, session: Fields) -> Iterator[tuple[int, Fields]]:
    for _ in range(session["messages"]):
        number, fields = next(lines, (number, {}))
        message = dict(_checked(number, fields, "message", _MESSAGE))
        message["body"] = body_of(number, message)
        yield number, message


def _checked(number: int, fields: Any, kind: str | None, types: Mapping[str, tuple[type, ...]]) -> Fields:
    if not isinstance(fields, dict) or fields.get("type") != kind:
        raise refuse(number, f"is not the {kind or 'branch'} that should follow, or the last of a torn file")
    for name, allowed in types.items():
        if name not in fields or not isinstance(fields[name], allowed) or isinstance(fields[name], bool):
            raise refuse(number, f"has no such {name} as it should")
    if imported := fields.get("imported"):
        _checked(number, {**imported, "type": None}, None, _IMPORTED)
    return fields


def _check_end(number: int, fields: Fields, sessions: int, messages: int) -> None:
    if (fields.get("sessions"), fields.get("messages")) != (sessions, messages):
        raise refuse(number, f"tells of more or less than the {sessions} sessions and {messages} messages before it")
