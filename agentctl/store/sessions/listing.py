"""Lists of sessions, in pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agentctl.errors import UsageError
from agentctl.store.base import Row, Transaction

ALWAYS = 2**63 - 1
"""The last time in µs that a database can hold."""

_NEVER = -(2**63)
_LAST = "\U0010ffff"  # after all ids

# No backslash: with `standard_conforming_strings` off, PostgreSQL reads one in a query otherwise.
_LIKE = str.maketrans({"!": "!!", "%": "!%", "_": "!_"})
_GLOB = str.maketrans({"*": "%", "?": "_"})


@dataclass(frozen=True)
class Summary:
    """A session in a list; `title` is how its first question begins, `messages` how many its active branch has."""

    id: str
    name: str | None
    title: str | None
    created_at: int
    updated_at: int
    deleted_at: int | None
    messages: int
    tags: tuple[str, ...] = ()

    @property
    def cursor(self) -> str:
        """Where the list goes on after it; see `Filter.after`."""
        return f"{self.updated_at if self.deleted_at is None else self.deleted_at:x}.{self.id}"


@dataclass(frozen=True)
class Filter:
    """Which sessions to list.

    Args:
        tag: those with this tag.
        name: those whose name or title has this in it or, where it has `*` or `?`, is like it; case does not matter.
        model: those in which a model answered that is called so; read like `name`.
        since: those used at that time in epoch µs or later, and `until`: before then.
        after: those that come after the `cursor` of another.
    """

    tag: str | None = None
    name: str | None = None
    model: str | None = None
    since: int = _NEVER
    until: int = ALWAYS
    after: str | None = None


_ALL = Filter()


def listing(tx: Transaction, limit: int, wanted: Filter = _ALL) -> list[Summary]:
    """Return the `limit` sessions used last, newest first.

    Raises:
        UsageError: `wanted.after` is no cursor, or a text to look for can't be printed.
    """
    before_at, before_id = min((wanted.until, _LAST if wanted.until == ALWAYS else ""), _place(wanted.after))
    rows = tx.all(
        "sessions.listing",
        limit=limit,
        tag=_printable(wanted.tag),
        name=_pattern(_printable(wanted.name)),
        model=_pattern(_printable(wanted.model), escape=lambda text: json.dumps(text)[1:-1]),
        since=wanted.since,
        before_at=before_at,
        before_id=before_id,
    )
    return _summaries(rows)


def trashed(tx: Transaction, limit: int, after: str | None = None) -> list[Summary]:
    """Return the `limit` sessions deleted last, the latest first; those after the `cursor` of another.

    Raises:
        UsageError: `after` is no cursor.
    """
    before_at, before_id = _place(after)
    return _summaries(tx.all("trash.listing", limit=limit, before_at=before_at, before_id=before_id))


def _summaries(rows: Iterable[Row]) -> list[Summary]:
    found: list[Summary] = []
    for row in rows:
        tags = () if row["tag"] is None else (row["tag"],)
        if found and found[-1].id == row["id"]:
            found[-1] = replace(found[-1], tags=(*found[-1].tags, *tags))
        else:
            found.append(_summary(row, tags))
    return found


def _place(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return ALWAYS, _LAST
    moment, _, session_id = cursor.partition(".")
    try:
        if cursor.isprintable():
            return max(_NEVER, min(int(moment, 16), ALWAYS)), session_id
    except ValueError:
        pass
    raise UsageError(f"{cursor!r} is no cursor", hint="give one that `agentctl sessions list` printed")


def _printable(text: str | None) -> str | None:
    """The text, or None for an empty one."""
    if text and not text.isprintable():
        raise UsageError(f"{text!r} can't be looked for", hint="use printable characters in one line")
    return text or None


def _pattern(text: str | None, escape: Callable[[str], str] = str) -> str | None:
    """The text, written as `escape` has it, as a pattern of LIKE."""
    if text is None:
        return None
    pattern = escape(text).translate(_LIKE)
    return pattern.translate(_GLOB) if set(text) & {"*", "?"} else f"%{pattern}%"


def _summary(row: Row, tags: tuple[str, ...]) -> Summary:
    fields = {name: value for name, value in row.items() if name != "tag"}
    return Summary(**fields, tags=tags)
