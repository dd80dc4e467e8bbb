"""The SQL of named queries. `sessions.get` is the section `-- name: get` of `queries/sessions.sql`.

A query that a dialect has to say in another way stands in `queries/DIALECT/` under the same names, and counts there.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

Dialect = Literal["sqlite", "postgres"]

_DIRECTORY = Path(__file__).parent / "queries"
_MARK = "-- name: "


def statement(name: str, dialect: Dialect) -> str:
    """Return the SQL of the query `name`.

    Raises:
        KeyError: there is no such query.
    """
    noun, _, section = name.partition(".")
    return _sections(noun, dialect)[section]


@functools.cache
def _sections(noun: str, dialect: Dialect) -> dict[str, str]:
    return _read(_DIRECTORY / f"{noun}.sql") | _read(_DIRECTORY / dialect / f"{noun}.sql")


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    sections = (section.partition("\n") for section in ("\n" + text).split("\n" + _MARK)[1:])
    return {name.strip(): sql.strip() for name, _, sql in sections}
