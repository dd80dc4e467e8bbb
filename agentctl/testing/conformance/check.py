"""A check, and the store that it looks at."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agentctl.store.base import Database

Need = Literal["shared", "sql"]

PATIENCE = 60.0
"""Seconds until a check gives up waiting for what must happen at once."""


class Violation(AssertionError):  # noqa: N818 - what it is called in a report
    """A store does not keep a law."""


@dataclass(frozen=True)
class Store:
    """An empty store, which the check that is given it may fill.

    Args:
        open: opens it; whoever calls this closes what it returns. Without a `url` it is called once in a check.
        url: by which other processes open it. None for a store that lives and dies with one object, as in memory.
        opener: `module:function` that they call with the `url`.
        sql: runs one statement of the store's own SQL beside the `Database`, commits it and returns the rows, if any;
            raises when it is refused. None where nothing can reach the store but through its `Database`.
    """

    open: Callable[[], Database]
    url: str | None = None
    opener: str = "agentctl.store.open:connect"
    sql: Callable[[str], list[tuple[Any, ...]]] | None = None

    def connect(self) -> Database:
        """Open it as another process would."""
        return named(self.opener)(self.url or "")

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement with `sql`."""
        return self.sql(statement) if self.sql else []


@dataclass(frozen=True)
class Check:
    """One law and how it is looked at.

    Args:
        name: in words joined by `_`.
        law: one sentence.
        function: raises, usually a `Violation`, if a store breaks the law.
        needs: "shared", a store with a `url`; "sql", one with `sql`.
    """

    name: str
    law: str
    function: Callable[[Store], None]
    needs: frozenset[Need]

    def applies_to(self, store: Store) -> bool:
        """Whether the store has what the check needs."""
        has = {"shared": store.url is not None, "sql": store.sql is not None}
        return all(has[need] for need in self.needs)

    def __call__(self, store: Store) -> None:
        """Look whether an empty store keeps the law."""
        self.function(store)

    def __str__(self) -> str:
        return self.name


def check(*needs: Need) -> Callable[[Callable[[Store], None]], Check]:
    """Make a check of a function: its name and docstring are the check's."""

    def made(function: Callable[[Store], None]) -> Check:
        return Check(function.__name__, inspect.getdoc(function) or "", function, frozenset(needs))

    return made


def expect(found: object, wanted: object, what: str) -> None:
    """Refuse what was found if it is not what the law wants.

    Raises:
        Violation: it is something else.
    """
    if found != wanted:
        raise Violation(f"{what}: {_short(found)}, not {_short(wanted)}")


def refused(kind: type[BaseException], call: Callable[[], object], what: str) -> BaseException:
    """Return the error that a call must raise.

    Raises:
        Violation: it raised nothing.
    """
    try:
        call()
    except kind as error:
        return error
    raise Violation(f"{what}: was let through")


def named(opener: str) -> Callable[[str], Database]:
    """Return what `module:function` names."""
    module, _, function = opener.partition(":")
    found: Callable[[str], Database] = getattr(importlib.import_module(module), function)
    return found


def _short(value: object, most: int = 300) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
