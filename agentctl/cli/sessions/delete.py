"""`agentctl sessions delete`: conversations into the trash."""

from __future__ import annotations

from functools import partial

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, References, held
from agentctl.cli.wiring import wire
from agentctl.store import sessions

app = new_app()


@app.command()
def delete(session: References, *, as_json: AsJson = False) -> None:
    """Put conversations in the trash, where they stay until `restore` or `purge`; what they cost still counts."""
    database = wire().database
    found = database.read(lambda tx: list(dict.fromkeys(sessions.find(tx, one).id for one in session)))
    for session_id in found:
        with held(database, session_id):
            database.write(partial(sessions.delete, session_id=session_id))
        if not as_json:
            print_note(f"{session_id} is in the trash; agentctl sessions restore {session_id}")
    if as_json:
        print_json([{"id": session_id, "deleted": True} for session_id in found])
