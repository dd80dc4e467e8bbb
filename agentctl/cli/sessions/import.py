"""`agentctl sessions import`: conversations taken in, from an export or from another program."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import plain, print_json, print_note, print_text
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError
from agentctl.exchange.storing import Stored
from agentctl.store.base import Database

app = new_app()

_SQLITE = b"SQLite format 3\0"


@app.command()
def import_sessions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export in JSON Lines, or the logs.db of `llm`.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be added.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take conversations in. What is here already is not added again, whatever it was imported from."""
    app = wire()
    try:
        _check_regular(file)
        stored = list(_import(app.database, file, keep=not dry_run))
    except OSError as error:
        raise UsageError(f"can't read {file}: {error.strerror or error}", hint="name a file") from error
    messages = sum(one.messages for one in stored)
    if as_json:
        print_json({"dry_run": dry_run, "messages": messages, "sessions": [asdict(one) for one in stored]})
        return
    for one in stored:
        if one.new or one.messages:
            called = f" · {plain(one.name)}" if one.name else ""
            print_text(f"{one.id}{called} · {one.messages} messages{'' if one.new else ' more'}")
    print_note(f"{messages} messages {'would be' if dry_run else 'were'} added, of {len(stored)} conversations")


def _check_regular(file: Path) -> None:
    """Refuse what can't be gone through twice, before anything waits for it."""
    if not (is_piped := file == Path("-") and not file.exists()) and stat.S_ISREG(file.stat().st_mode):
        return
    raise UsageError(
        f"{'standard input' if is_piped else file} is no regular file, and an import needs one: it is read twice",
        hint="write what is to be imported to a file first",
    )


def _import(database: Database, file: Path, *, keep: bool) -> Iterator[Stored]:
    with file.open("rb") as opened:
        start = opened.read(len(_SQLITE))
    if start == _SQLITE:
        from agentctl.exchange.llm.importing import import_logs  # noqa: PLC0415 - one of them is needed

        return import_logs(database, file, keep=keep)
    from agentctl.exchange.checking import is_export  # noqa: PLC0415
    from agentctl.exchange.importing import import_export  # noqa: PLC0415

    if not is_export(file):
        raise UsageError(
            f"{file} is no export of conversations", hint="give one that `agentctl sessions export` made, or a logs.db"
        )
    return import_export(database, file, keep=keep)
