"""`agentctl sessions gc`: clear away what nobody needs any more."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import counted, print_json, print_note
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.store import sessions, tidying
from agentctl.store.base import Database, LockBusyError

app = new_app()

_NOTHING = dict.fromkeys(("events", "strays", "backlog", "bytes", "drafts"), 0)


@app.command()
def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what there is to clear away.")] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Write the database anew without its empty room; others wait meanwhile.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Clear away old events and what dead processes left, and index what waits for it. No conversation is touched."""
    wired = wire()
    kept = wired.kept
    # Before the database is opened for writing, which puts right what dead processes left.
    found = {**kept.read(tidying.look), "drafts": _dead(kept)} if kept else dict(_NOTHING)
    after = found["bytes"] if dry_run else _clear(wired.database, vacuum=vacuum)
    if as_json:
        print_json({"dry_run": dry_run, **found, "bytes_after": after})
        return
    print_note(
        f"{'there are' if dry_run else 'cleared away:'} {counted(found['events'], 'old event')}, "
        f"{counted(found['drafts'], 'draft')} of dead processes, {counted(found['strays'], 'stray word')}; "
        f"{counted(found['backlog'], 'message')} to index; "
        f"{found['bytes']:,} bytes{'' if dry_run else f', now {after:,}'}"
    )


def _dead(database: Database) -> int:
    """How many drafts nobody writes any more: their sessions are not in use."""
    return sum(1 for draft in database.read(sessions.drafts) if not _in_use(database, draft.session_id))


def _in_use(database: Database, session_id: str) -> bool:
    try:
        with database.lock(session_id, wait=0):
            return False
    except LockBusyError:
        return True


def _clear(database: Database, *, vacuum: bool) -> int:
    """Clear it all away, and return how many bytes the database takes then."""
    database.write(tidying.drop_events)
    tidying.index(database)
    database.tidy(shrink=vacuum)
    return database.read(tidying.look)["bytes"]
