"""`agentctl sessions restore`: conversations out of the trash."""

from __future__ import annotations

from functools import partial

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, References
from agentctl.cli.wiring import wire
from agentctl.store import sessions

app = new_app()


@app.command()
def restore(session: References, *, as_json: AsJson = False) -> None:
    """Take conversations out of the trash, just as they were."""
    database = wire().database
    found = database.read(lambda tx: list(dict.fromkeys(sessions.find_deleted(tx, one).id for one in session)))
    for session_id in found:
        database.write(partial(sessions.restore, session_id=session_id))
        if not as_json:
            print_note(f"{session_id} is back")
    if as_json:
        print_json([{"id": session_id, "deleted": False} for session_id in found])
