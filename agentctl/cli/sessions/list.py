"""`agentctl sessions list`: the conversations that are kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.sessions.given import AsJson
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Summary

app = new_app()

_TABLE_ROWS = 50
_MOST_ROWS = 1_000_000
_EVERYTHING = 2**62  # rows


@app.command()
def list_sessions(
    limit: Annotated[
        int | None,
        typer.Option(
            "-n", "--limit", min=1, max=_MOST_ROWS, help="At most so many; 50 in a table, all in JSON if not given."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List conversations, the one used last first."""
    most = limit or (_EVERYTHING if as_json else _TABLE_ROWS)
    found = App(tell=print_note).database.read(lambda tx: _listing(tx, most + 1))
    if as_json:
        print_json([_summary(one, cost) for one, cost in found[:most]])
        return
    print_table(("id", "name", "used", "messages", "cost"), [_row(one, cost) for one, cost in found[:most]])
    if len(found) > most:
        print_note(f"the {most} used last; --limit shows more")


def _listing(tx: Transaction, limit: int) -> list[tuple[Summary, Cost]]:
    return [(one, ledger.session_cost(tx, one.id)) for one in sessions.listing(tx, limit)]


def _summary(one: Summary, cost: Cost) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "updated_at": rfc3339(one.updated_at),
        "messages": one.messages,
        **cost_fields(cost),
    }


def _row(one: Summary, cost: Cost) -> tuple[str, ...]:
    return (one.id, one.name or "", local_time(one.updated_at), str(one.messages), cost_text(cost))
