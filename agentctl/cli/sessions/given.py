"""What the commands of `agentctl sessions` take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from agentctl.store.base import Database, LockBusyError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, the beginning of it, or its name.")]
InSession = Annotated[
    str | None, typer.Option("--session", metavar="SESSION", help="In one conversation: its id, or its name.")
]
Since = Annotated[str | None, typer.Option(help="From a time on, like 2026-11-23, 7d or 12h.")]
Until = Annotated[str | None, typer.Option(help="Up to a time.")]
References = Annotated[list[str], typer.Argument(metavar="SESSION...", help="Ids, beginnings of them, or names.")]


@contextmanager
def held(database: Database, session_id: str) -> Iterator[None]:
    """Keep turns out of a session.

    Raises:
        LockBusyError: one is under way.
    """
    # A lock that is taken at the first attempt fails in no other way, and the block's own errors pass unchanged.
    lock = database.lock(session_id, wait=0)
    try:
        lock.__enter__()
    except LockBusyError as error:
        raise LockBusyError(
            f"session {session_id} is in use: a turn is under way in it",
            hint="wait until that is answered, or end its process",
        ) from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
