"""The store's queries in the driver's words: `:name` becomes `%(name)s`."""

from __future__ import annotations

import functools
import re

from agentctl.store.statements import statement

_TOKEN = re.compile(
    r"""
      (?P<text> '(?:[^']|'')*' | "[^"]*" | --[^\n]* | /\*.*?\*/ | :: )
    | :(?P<name>[a-z_][a-z_0-9]*)
    | (?P<percent>%)
    """,
    re.VERBOSE | re.DOTALL,
)


@functools.cache
def query(name: str) -> bytes:
    """Return the query called `name`.

    Raises:
        KeyError: there is none.
    """
    return translated(statement(name, "postgres")).encode()


def translated(sql: str) -> str:
    """Return `sql` with its named values as the driver marks them; casts, strings and comments stay as they are."""
    return _TOKEN.sub(_mark, sql)


def _mark(match: re.Match[str]) -> str:
    if name := match["name"]:
        return f"%({name})s"
    return (match["text"] or "%").replace("%", "%%")
