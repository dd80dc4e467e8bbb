"""What the fields of an export may be: whoever wrote the file, only such values reach the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_LATEST = 4_102_444_800_000_000  # µs: the year 2100
_MOST = 2**63 - 1  # what a column holds
_LONGEST_TAG = 64  # characters, as `agentctl sessions tag` takes them
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 0 on that a column holds."""
    return type(value) is int and 0 <= value <= _MOST


def is_time(value: Any) -> bool:
    """Whether it is a time, in µs since 1970, of this century."""
    return type(value) is int and 0 <= value <= _LATEST


def is_id(value: Any) -> bool:
    """Whether it is an id: up to 64 letters, digits, dots, hyphens and underscores."""
    return type(value) is str and _ID.fullmatch(value) is not None


def is_name(value: Any) -> bool:
    """Whether it can be printed in a line, and is not blank."""
    return type(value) is str and value.isprintable() and bool(value.strip())


def is_tag(value: Any) -> bool:
    """Whether a conversation can have it as a tag."""
    return is_name(value) and len(value) <= _LONGEST_TAG and " " not in value and value[0] not in "+-"


def is_record(value: Any) -> bool:
    """Whether it is what is known beside, and of where."""
    return type(value) is dict and is_name(value.get("source")) and type(value.get("record")) is dict


def is_object(value: Any) -> bool:
    """Whether it is an object of JSON."""
    return type(value) is dict


def optional(check: Check) -> Check:
    """The check that takes null as well."""
    return lambda value: value is None or check(value)


def all_of(check: Check) -> Check:
    """The check of a list of such values."""
    return lambda value: type(value) is list and all(map(check, value))


def one_of(*values: str) -> Check:
    """The check of a text that is one of these."""
    return lambda value: type(value) is str and value in values


SESSION: Mapping[str, Check] = {
    "id": is_id,
    "name": optional(is_name),
    "title": optional(is_name),
    "created_at": is_time,
    "updated_at": is_time,
    "forked_from_session": optional(is_id),
    "forked_from_message": optional(is_id),
    "active_branch_id": is_id,
    "messages": is_count,
    "tags": all_of(is_tag),
    "branches": all_of(is_object),
    "cost": is_object,
    "imported": optional(is_record),
}
BRANCH: Mapping[str, Check] = {
    "id": is_id,
    "parent_branch_id": optional(is_id),
    "fork_seq": is_count,
    "next_seq": is_count,
    "name": optional(is_name),
    "created_at": is_time,
}
MESSAGE: Mapping[str, Check] = {
    "id": is_id,
    "branch_id": is_id,
    "seq": is_count,
    "parent_id": optional(is_id),
    "role": one_of("system", "user", "assistant", "tool"),
    "status": one_of("final", "partial"),
    "run_id": optional(is_id),
    "created_at": is_time,
    "body_sha256": lambda value: type(value) is str and re.fullmatch("[0-9a-f]{64}", value) is not None,
    "imported": optional(is_record),
}
COST: Mapping[str, Check] = {"known_pusd": is_count, "unknown_calls": is_count}
