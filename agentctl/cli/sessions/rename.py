"""`agentctl sessions rename`: a name for a conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.wiring import wire
from agentctl.store import sessions

app = new_app()


@app.command()
def rename(
    session: Reference,
    name: Annotated[str, typer.Argument(help='Its new name; "" takes the name away.')],
    *,
    as_json: AsJson = False,
) -> None:
    """Give a conversation a name, by which `chat -r NAME` goes on with it."""
    renamed = wire().database.write(lambda tx: sessions.rename(tx, sessions.find(tx, session), name or None))
    if as_json:
        print_json({"id": renamed.id, "name": renamed.name})
    else:
        print_note(f"{renamed.id} is called {renamed.name}" if renamed.name else f"{renamed.id} has no name")
