"""`agentctl sessions export`: conversations taken out, to keep or to read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import plain, print_json, print_note, printable
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.errors import StorageError, UsageError
from agentctl.exchange import reading
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction

app = new_app()

_TOLD = 10  # of what is missing or damaged


class Format(StrEnum):
    """The forms of an export."""

    jsonl = "jsonl"
    markdown = "markdown"
    html = "html"


@app.command()
def export(
    session: Annotated[
        list[str] | None, typer.Argument(metavar="[SESSION]...", help="Conversations: their ids, or names.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All conversations that are not in the trash.")] = False,
    form: Annotated[
        Format, typer.Option("--format", help="jsonl keeps all there is, for `import`; the others are to be read.")
    ] = Format.jsonl,
    output: Annotated[
        str | None, typer.Option("-O", "--output", metavar="FILE", help="A file, instead of standard output (-).")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file even if it is not an earlier export.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take conversations out, as they are at one moment, while others go on with them."""
    if bool(session) == everything:
        raise UsageError("say which conversations", hint="name some, or give --all")
    path = _path(output)
    if as_json and path is None:
        raise UsageError("--json tells of the file that was written", hint="give -O FILE as well")
    database, flaws = wire().database, list[str]()
    if path is None:
        _read(database, session, form, _to_stdout, flaws)
    else:
        count = _to_file(database, session, form, path, flaws, force=force)
        if as_json:
            print_json({"file": str(path), "format": form.value, "sessions": count, "flaws": flaws})
        else:
            print_note(f"{count} conversation{'' if count == 1 else 's'} in {path}")
    if flaws:
        raise _incomplete(flaws)


def _path(output: str | None) -> Path | None:
    """The file to write, None for standard output."""
    if output is None:
        return None
    if not output:
        raise UsageError("an empty name is no file", hint="name one, or give - for standard output")
    from agentctl.cli.sessions.output import is_stdout  # noqa: PLC0415 - only who names a file needs it

    path = Path(output)
    return None if is_stdout(path) else path


def _to_file(
    database: Database, wanted: list[str] | None, form: Format, path: Path, flaws: list[str], *, force: bool
) -> int:
    from agentctl.cli.sessions.output import opened  # noqa: PLC0415

    with opened(path, database.url, os.environ, force=force) as file:
        return _read(database, wanted, form, file.write, flaws)


def _incomplete(flaws: list[str]) -> StorageError:
    """The error that the export has not all that should be there; what that is, is told before."""
    sys.stdout.flush()
    for flaw in flaws[:_TOLD]:
        print_note(f"warning: {plain(flaw)}")
    if len(flaws) > _TOLD:
        print_note(f"warning: \N{HORIZONTAL ELLIPSIS} and {len(flaws) - _TOLD} more")
    return StorageError(
        f"the export has what is left: {len(flaws)} things are missing or damaged",
        hint="`agentctl sessions verify` tells of them; backups of the database stand beside it (*.bak)",
    )


def _read(
    database: Database,
    wanted: list[str] | None,
    form: Format,
    write: Callable[[bytes], object],
    flaws: list[str],
) -> int:
    """Write all of it, as it is at one moment, and return how many sessions it has; `flaws` gets what is wrong."""

    def work(tx: Transaction) -> int:
        found = [sessions.find(tx, one).id for one in wanted or ()] or list(reading.all_sessions(tx))
        for piece in _pieces(tx, list(dict.fromkeys(found)), form, flaws.append):
            write(piece)
        return len(found)

    return database.read(work)


def _pieces(tx: Transaction, found: list[str], form: Format, tell: Callable[[str], None]) -> Iterator[bytes]:
    if form == Format.jsonl:
        from agentctl.exchange import jsonl  # noqa: PLC0415 - each form is a module of its own

        return jsonl.export(tx, found, tell)
    from agentctl.exchange import html, markdown  # noqa: PLC0415
    from agentctl.exchange.transcript import transcript  # noqa: PLC0415

    transcripts = (transcript(tx, session_id, tell) for session_id in found)
    return html.export(transcripts) if form == Format.html else markdown.export(transcripts)


def _to_stdout(piece: bytes) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(printable(piece.decode(), sys.stdout))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(piece)
