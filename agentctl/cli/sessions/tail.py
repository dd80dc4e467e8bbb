"""`agentctl sessions tail`: messages as they are stored, by this program and by others."""

from __future__ import annotations

import select
import sys
from typing import Annotated, Any

import typer

from agentctl.cli.group import new_app
from agentctl.cli.moments import moment
from agentctl.cli.render import plain, print_json_line, print_note, print_text
from agentctl.cli.sessions.shown import heading, message_fields, readable
from agentctl.cli.wiring import wire
from agentctl.store import sessions
from agentctl.store.watch import Seen, Watch

app = new_app()

_SOONEST, _LATEST = 50, 500  # ms between two looks
_SLOWER = 1.3  # times, for each look at nothing new
_MOST = 1_000_000


@app.command()
def tail(
    session: Annotated[
        str | None, typer.Argument(metavar="[SESSION]", help="One conversation: its id, or its name. All if not given.")
    ] = None,
    *,
    last: Annotated[
        int | None, typer.Option("-n", "--last", min=0, max=_MOST, help="Begin with so many of the last messages.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Begin with those since a time, like 2026-11-23, 7d or 12h.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document a line.")] = False,
) -> None:
    """Watch messages as they are stored, until Ctrl-C."""
    start = moment(since) if since else None
    database = wire().database
    watched = database.read(lambda tx: sessions.find(tx, session).id) if session is not None else None
    watch = Watch(database, watched)
    _print(watch.begin((0 if start is None else _MOST) if last is None else last, start), as_json=as_json)
    pause = float(_SOONEST)
    while _wait(pause):
        fresh = watch.more()
        _print(fresh, as_json=as_json)
        pause = _SOONEST if fresh else min(pause * _SLOWER, _LATEST)


def _wait(pause: float) -> bool:
    """Wait so many ms; return whether there is still somebody who reads."""
    poll = select.poll()
    poll.register(sys.stdout, 0)  # tells of errors and of the end
    return not poll.poll(pause)


def _print(fresh: list[Seen], *, as_json: bool) -> None:
    for one in fresh:
        if one.stored is None:
            print_note(f"message {one.message_id} is damaged")
        elif as_json:
            print_json_line(_document(one))
        else:
            called = plain(one.name) if one.name else one.session_id
            print_text(f"{called} · {heading(one.stored)}\n{readable(one.stored.message)}\n")
    sys.stdout.flush()


def _document(one: Seen) -> dict[str, Any]:
    message = message_fields(one.stored) if one.stored else None
    return {"session": {"id": one.session_id, "name": one.name}, "message": message}
