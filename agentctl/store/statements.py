"""The SQL of named queries. `sessions.get` is the section `-- name: get` of `queries/sessions.sql`."""

from __future__ import annotations

import functools
from pathlib import Path

_DIRECTORY = Path(__file__).parent / "queries"
_MARK = "-- name: "


def statement(name: str) -> str:
    """Return the SQL of the query `name`.

    Raises:
        KeyError: there is no such query.
    """
    noun, _, section = name.partition(".")
    return _sections(noun)[section]


@functools.cache
def _sections(noun: str) -> dict[str, str]:
    text = (_DIRECTORY / f"{noun}.sql").read_text("utf-8")
    sections = (section.partition("\n") for section in ("\n" + text).split("\n" + _MARK)[1:])
    return {name.strip(): sql.strip() for name, _, sql in sections}
