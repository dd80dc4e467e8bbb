"""`agentctl sessions export`: conversations taken out, to keep or to read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentctl import atomic
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, printable
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError
from agentctl.exchange import reading
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction

app = new_app()


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
    output: Annotated[Path | None, typer.Option("-O", "--output", help="A file, instead of standard output.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take conversations out, as they are at one moment, while others go on with them."""
    if bool(session) == everything:
        raise UsageError("say which conversations", hint="name some, or give --all")
    if as_json and output is None:
        raise UsageError("--json tells of the file that was written", hint="give -O FILE as well")
    database = wire().database
    if output is None:
        _read(database, session, form, _to_stdout)
        return
    count = _to_file(database, session, form, output)
    if as_json:
        print_json({"file": str(output), "format": form.value, "sessions": count})
    else:
        print_note(f"{count} conversation{'' if count == 1 else 's'} in {output}")


def _to_file(database: Database, wanted: list[str] | None, form: Format, path: Path) -> int:
    if path.is_dir():
        raise UsageError(f"{path} is a directory", hint="name a file in it")
    try:
        with atomic.writing(path) as file:
            return _read(database, wanted, form, file.write)
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror or error}", hint="choose another file") from error


def _read(database: Database, wanted: list[str] | None, form: Format, write: Callable[[bytes], object]) -> int:
    """Write all of it, as it is at one moment, and return how many sessions it has."""

    def work(tx: Transaction) -> int:
        found = [sessions.find(tx, one).id for one in wanted or ()] or list(reading.all_sessions(tx))
        for piece in _pieces(tx, list(dict.fromkeys(found)), form):
            write(piece)
        return len(found)

    return database.read(work)


def _pieces(tx: Transaction, found: list[str], form: Format) -> Iterator[bytes]:
    if form == Format.jsonl:
        from agentctl.exchange import jsonl  # noqa: PLC0415 - each form is a module of its own

        return jsonl.export(tx, found)
    from agentctl.exchange import html, markdown  # noqa: PLC0415
    from agentctl.exchange.transcript import transcript  # noqa: PLC0415

    transcripts = (transcript(tx, session_id) for session_id in found)
    return html.export(transcripts) if form == Format.html else markdown.export(transcripts)


def _to_stdout(piece: bytes) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(printable(piece.decode(), sys.stdout))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(piece)
