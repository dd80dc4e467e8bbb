"""`agentctl sessions switch`: go on with another branch of a conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, Reference, held
from agentctl.cli.wiring import wire
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session

app = new_app()


@app.command()
def switch(
    session: Reference,
    to: Annotated[
        str, typer.Argument(metavar="BRANCH|MESSAGE", help="Its name or the beginning of its id; see show --tree.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="A name for the branch that it goes on with.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a conversation go on with another branch, or with a new one after an earlier message. Nothing is lost."""
    database = wire().database
    session_id = database.read(lambda tx: sessions.find(tx, session)).id
    with held(database, session_id):
        now = database.write(lambda tx: _switch(tx, session_id, to, name))
    if as_json:
        print_json({"id": now.id, "branch_id": now.branch_id, "head_id": now.head_id, "messages": now.next_seq})
    else:
        print_note(f"{now.name or now.id} goes on after {now.next_seq} messages, the last is {now.head_id}")


def _switch(tx: Transaction, session_id: str, to: str, name: str | None) -> Session:
    session = sessions.get_kept(tx, session_id)
    return sessions.switch(tx, session, sessions.locate(tx, session, to), name)
