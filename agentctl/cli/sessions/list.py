"""`agentctl sessions list`: the conversations that are kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agentctl.cli.figures import cost_fields, cost_text, local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.errors import UsageError
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Filter, Summary

app = new_app()

_TABLE_ROWS = 50
_MOST_ROWS = 1_000_000
_EVERYTHING = 2**62  # rows
_WIDEST = 60  # characters of a title in a table


@app.command()
def list_sessions(
    *,
    limit: Annotated[
        int | None,
        typer.Option(
            "-n", "--limit", min=1, max=_MOST_ROWS, help="At most so many; 50 in a table, all in JSON if not given."
        ),
    ] = None,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="Go on after the conversation with this `cursor` in JSON.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those with this tag.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Only those called like that: a part, or *.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="TEXT", help="Only those in which such a model answered.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only used since: 2026-11-23, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Only last used before then.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those in the trash, the one deleted last first.")] = False,
    as_json: AsJson = False,
) -> None:
    """List conversations, the one used last first."""
    if deleted and any((tag, name, model, since, until)):
        raise UsageError("the trash has no filters", hint="leave out all but --limit and --cursor")
    wanted = Filter(tag, name, model, *_times(since, until), cursor)
    most = limit or (_EVERYTHING if as_json else _TABLE_ROWS)
    found = wire().database.read(lambda tx: _listing(tx, most + 1, wanted, deleted=deleted))
    shown = found[:most]
    if as_json:
        print_json([_summary(one, cost) for one, cost in shown])
        return
    when = "deleted" if deleted else "used"
    print_table(("id", "name", when, "messages", "cost", "tags"), [_row(one, cost) for one, cost in shown])
    if len(found) > most:
        print_note(f"the {most} {when} last; --limit shows more, --cursor {shown[-1][0].cursor} goes on")


def _times(since: str | None, until: str | None) -> tuple[int, int]:
    every = Filter()
    if since is None and until is None:
        return every.since, every.until
    from agentctl.cli.moments import moment  # noqa: PLC0415 - it needs a calendar

    first = every.since if since is None else moment(since)
    end = every.until if until is None else moment(until)
    if first >= end:
        raise UsageError("--until is not after --since", hint="the list is of what was used between them")
    return first, end


def _listing(tx: Transaction, limit: int, wanted: Filter, *, deleted: bool) -> list[tuple[Summary, Cost]]:
    found = sessions.trashed(tx, limit, wanted.after) if deleted else sessions.listing(tx, limit, wanted)
    return [(one, ledger.session_cost(tx, one.id)) for one in found]


def _summary(one: Summary, cost: Cost) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "title": one.title,
        "tags": one.tags,
        "created_at": rfc3339(one.created_at),
        "updated_at": rfc3339(one.updated_at),
        "deleted_at": None if one.deleted_at is None else rfc3339(one.deleted_at),
        "messages": one.messages,
        **cost_fields(cost),
        "cursor": one.cursor,
    }


def _row(one: Summary, cost: Cost) -> tuple[str, ...]:
    when = one.updated_at if one.deleted_at is None else one.deleted_at
    name = one.name or (one.title or "")[:_WIDEST]
    return (one.id, name, local_time(when), str(one.messages), cost_text(cost), " ".join(one.tags))
