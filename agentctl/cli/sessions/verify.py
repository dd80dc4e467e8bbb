"""`agentctl sessions verify`: look for what is damaged."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import counted, plain, print_json, print_note, print_text
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.errors import StorageError
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.sessions import verifying
from agentctl.store.sessions.verifying import Finding

app = new_app()


@app.command()
def verify(
    session: Annotated[
        list[str] | None, typer.Argument(metavar="SESSION...", help="Only these: ids or names. All if none is named.")
    ] = None,
    *,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set damaged messages aside: conversations go on without them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read every message and look for what is damaged or does not fit; leave with 9 if anything is wrong."""
    wired = wire()
    database = wired.database if quarantine or session else wired.kept
    checked, found = database.read(lambda tx: _verify(tx, session)) if database else (0, [])
    if quarantine and database:
        found = _set_aside(database, found)
    if as_json:
        print_json({"sessions": checked, "findings": [asdict(one) for one in found]})
    else:
        for one in found:
            print_text(_line(one))
    wrong = [one for one in found if one.kind != "set_aside"]
    if wrong:
        raise StorageError(
            _told(len(wrong), "thing", f"wrong in {counted(checked, 'conversation')}"), hint=_hint(wrong)
        )
    if not as_json:
        print_note(_told(checked, "conversation", "sound") + (", but for what was set aside" if found else ""))


def _told(number: int, noun: str, what: str) -> str:
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'} {what}"


def _verify(tx: Transaction, references: list[str] | None) -> tuple[int, list[Finding]]:
    ids = [sessions.find(tx, one).id for one in references] if references else verifying.all_ids(tx)
    found = [one for session_id in ids for one in verifying.verify(tx, session_id)]
    return len(ids), found if references else [*found, *verifying.verify_rest(tx)]


def _set_aside(database: Database, found: list[Finding]) -> list[Finding]:
    after = []
    for one in found:
        if one.kind == "damaged" and one.message_id:
            database.write(partial(sessions.set_aside, message_id=one.message_id, why=one.text))
            after.append(Finding("set_aside", one.session_id, one.message_id, one.text))
        else:
            after.append(one)
    return after


def _line(one: Finding) -> str:
    where = [f"session {one.session_id}"] if one.session_id else []
    which = [f"message {one.message_id}"] if one.message_id else []
    return plain(", ".join((*where, *which)) + f": {one.kind}: {one.text}").removeprefix(": ")


def _hint(wrong: list[Finding]) -> str:
    if any(one.kind == "damaged" for one in wrong):
        return "agentctl sessions verify --quarantine sets damaged messages aside; backups stand beside the database"
    if all(one.kind == "search" for one in wrong):
        return "`agentctl sessions gc` indexes the words anew"
    return "keep a copy of the database; backups stand beside it (*.bak)"
