"""`agentctl sessions tag`: tags of a conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.wiring import wire
from agentctl.store import sessions
from agentctl.store.base import Transaction

app = new_app()


@app.command()
def tag(
    session: Reference,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Words without blanks.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take them away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a conversation tags, by which `sessions list --tag TAG` finds it, or take them away."""
    session_id, now = wire().database.write(lambda tx: _tag(tx, session, tags, remove=remove))
    if as_json:
        print_json({"id": session_id, "tags": now})
    else:
        print_note(f"{session_id} has the tags {', '.join(now)}" if now else f"{session_id} has no tags")


def _tag(tx: Transaction, reference: str, tags: list[str], *, remove: bool) -> tuple[str, tuple[str, ...]]:
    found = sessions.find(tx, reference).id
    return found, sessions.tag(tx, found, () if remove else tags, tags if remove else ())
