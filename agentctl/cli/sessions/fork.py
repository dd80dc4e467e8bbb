"""`agentctl sessions fork`: a copy of a conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import counted, print_json, print_note, print_text
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.wiring import wire
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session

app = new_app()


@app.command()
def fork(
    session: Reference,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="MESSAGE", help="The last message that is copied: the beginning of its id."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the copy is called.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Copy a conversation, or its beginning, into a new one that `chat -r` goes on with. The first stays as it is."""
    place, (made, left_out) = wire().database.write(lambda tx: _fork(tx, session, at, name))
    for message_id in left_out:
        print_note(f"message {message_id} is damaged and was not copied")
    if as_json:
        print_json(
            {
                "id": made.id,
                "name": made.name,
                "forked_from": {"session_id": place.id, "message_id": place.head_id},
                "messages": made.next_seq,
                "left_out": left_out,
            }
        )
        return
    print_text(made.id)
    print_note(f"a copy of {counted(made.next_seq, 'message')} of {place.name or place.id}")


def _fork(
    tx: Transaction, reference: str, at: str | None, name: str | None
) -> tuple[Session, tuple[Session, tuple[str, ...]]]:
    session = sessions.find(tx, reference)
    place = session if at is None else sessions.locate(tx, session, at)
    return place, sessions.fork(tx, place, name)
