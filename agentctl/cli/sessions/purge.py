"""`agentctl sessions purge`: remove conversations in the trash for good."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, held
from agentctl.cli.wiring import wire
from agentctl.errors import InterruptError, UsageError
from agentctl.store import sessions
from agentctl.store.base import DamagedError, Database, Transaction
from agentctl.store.search.renewing import renew

app = new_app()

_ALWAYS = 2**63 - 1  # µs


@app.command()
def purge(
    session: Annotated[
        list[str] | None, typer.Argument(metavar="SESSION...", help="Ids of conversations in the trash, or names.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="WHEN", help="With --all: deleted before then, like 30d.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are in the trash.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove conversations in the trash for good: every word of them. What they cost stays in the ledger."""
    if bool(session) == everything:
        raise UsageError("it is not said what to remove", hint="name conversations in the trash, or say --all")
    if older_than and not everything:
        raise UsageError("--older-than is for --all", hint="leave it out, or say --all and name none")
    database = wire().database
    moment = _moment(older_than)
    found = database.read(lambda tx: _named(tx, session) if session else sessions.deleted_before(tx, moment))
    if found and not yes:
        _ask(len(found))
    try:
        for session_id in found:
            _purge(database, session_id, quiet=as_json)
    finally:  # also of those that were purged before one that is in use
        if found:
            _forget(database)
    if as_json:
        print_json([{"id": session_id, "purged": True} for session_id in found])
    elif not found:
        print_note("there is nothing in the trash that is meant")


def _moment(older_than: str | None) -> int:
    if older_than is None:
        return _ALWAYS
    from agentctl.cli.moments import moment  # noqa: PLC0415 - it needs a calendar

    return moment(older_than)


def _named(tx: Transaction, references: list[str]) -> list[str]:
    return list(dict.fromkeys(sessions.find_deleted(tx, one).id for one in references))


def _ask(number: int) -> None:
    what = "1 conversation" if number == 1 else f"{number} conversations"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what} would be removed for good, and there is nobody to ask", hint="say so with --yes")
    if not typer.confirm(f"Remove {what} for good?", err=True):
        raise InterruptError("nothing was removed")


def _purge(database: Database, session_id: str, *, quiet: bool) -> None:
    with held(database, session_id):
        try:
            database.write(partial(sessions.purge, session_id=session_id))
        except DamagedError:
            database.write(renew)
            database.write(partial(sessions.purge, session_id=session_id))
    if not quiet:
        print_note(f"{session_id} is gone")


def _forget(database: Database) -> None:
    """Let nothing of it stay in the files: no words in the index, nothing in the log."""
    from agentctl.store import tidying  # noqa: PLC0415

    tidying.index(database)
    database.tidy()
