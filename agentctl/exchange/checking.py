"""Checks that an export is whole and makes sense before any of it is imported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError
from agentctl.exchange.fields import BRANCH, COST, MESSAGE, SESSION, Check
from agentctl.exchange.lines import FORMAT, START, VERSION, refuse, sealed_lines
from agentctl.exchange.places import MisplacedError, Places
from agentctl.messages import load

Fields = Mapping[str, Any]


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    with path.open("rb") as file:
        return file.read(len(START)) == START


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
        session = _checked(number, fields, "session", SESSION)
        for branch in session["branches"]:
            _checked(number, branch, None, BRANCH)
        _checked(number, session["cost"], None, COST)
        sessions, messages = sessions + 1, messages + session["messages"]
        yield number, session, _messages(lines, number, session)
    raise refuse(number, "is the last one: the file is torn")


def check(path: Path) -> None:
    """Read all of an export.

    Raises:
        UsageError: a line is not as it was written, something lacks, or the lines do not fit together.
    """
    known: set[str] = set()
    for start, session, messages in blocks(path):
        ids = [session["id"], *(branch["id"] for branch in session["branches"])]
        if not known.isdisjoint(ids):
            raise refuse(start, "is of a session, or has a branch, that was there before")
        known.update(ids)
        _check_places(start, session, messages)


def body_of(number: int, message: Fields) -> str:
    """Return the text of a message as it was stored.

    Raises:
        UsageError: it is not the text that its checksum is of.
    """
    body = message["text"] if "text" in message else json.dumps(message.get("body"), separators=(",", ":"))
    if not isinstance(body, str):
        raise refuse(number, "has no message")
    try:
        sha256 = hashlib.sha256(body.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise refuse(number, "has text that is no Unicode: half of a surrogate pair") from error
    if message.get("damaged") is True:
        return body
    if sha256 != message["body_sha256"]:
        raise refuse(number, "has a message that differs from its checksum")
    try:
        role = load(body).role
    except ValueError as error:
        raise refuse(number, f"has no message that this program knows: {error}") from error
    if role != message["role"]:
        raise refuse(number, "has a message of another role")
    return body


def _check_places(start: int, session: Fields, messages: Iterator[tuple[int, Fields]]) -> None:
    number = start
    try:
        places = Places(session)
        for number, message in messages:  # noqa: B007 - it tells where the error is
            places.take(message)
        number = start
        places.check_end()
    except MisplacedError as error:
        raise refuse(number, str(error)) from error


def _messages(lines: Iterator[tuple[int, Fields]], number: int, session: Fields) -> Iterator[tuple[int, Fields]]:
    for _ in range(session["messages"]):
        number, fields = next(lines, (number, {}))
        message = dict(_checked(number, fields, "message", MESSAGE))
        message["body"] = body_of(number, message)
        yield number, message


def _checked(number: int, fields: Mapping[str, Any], kind: str | None, checks: Mapping[str, Check]) -> Fields:
    if fields.get("type") != kind:
        raise refuse(number, f"is not the {kind or 'branch'} that should follow, or the last of a torn file")
    for name, is_valid in checks.items():
        if name not in fields or not is_valid(fields[name]):
            raise refuse(number, f"has no such {name} as it should")
    return fields


def _check_end(number: int, fields: Fields, sessions: int, messages: int) -> None:
    if (fields.get("sessions"), fields.get("messages")) != (sessions, messages):
        raise refuse(number, f"tells of more or less than the {sessions} sessions and {messages} messages before it")
