"""`agentctl sessions migrate`: a copy of everything in another database."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.progress import StepLine
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.sessions.given import AsJson
from agentctl.errors import UsageError
from agentctl.redact import redact_url
from agentctl.store.base import Database
from agentctl.store.open import POSTGRES, is_same_file
from agentctl.store.transfer import Contents, admit, counts, identity, refuse_itself, transfer

app = new_app()


@app.command()
def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The database to copy, such as sqlite:////path.db.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="A new or empty one, or one that a copy was begun in.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what there is to copy.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy all conversations, costs and records into another database. A copy that was stopped goes on."""
    for url in (source, target):
        if url == ":memory:":
            raise UsageError("a database in memory is gone before it can be used", hint="give the URL of a kept one")
    wired = App()
    if not wired.is_made(source):
        raise UsageError(
            f"there is no database {redact_url(source)}", hint="`agentctl doctor` shows the one that is used"
        )
    if is_same_file(source, target):
        raise UsageError("FROM and TO are the same database", hint="give the URL of a new one as TO")
    with closing(wired.connect(source)) as opened:
        if dry_run:
            _plan(wired, opened, target, as_json=as_json)
        else:
            _run(wired, opened, target, as_json=as_json)


def _plan(wired: App, source: Database, target: str, *, as_json: bool) -> None:
    rows, state = source.read(counts), "empty" if target.startswith(POSTGRES) else "missing"
    if wired.is_made(target):
        with closing(wired.connect(target)) as opened:
            refuse_itself(source, opened)
            origin = source.read(identity)
            state = opened.read(lambda tx: admit(tx, origin, opened.url))
    if as_json:
        print_json({"complete": False, "from": source.url, "to": redact_url(target), "target": state, "rows": rows})
        return
    print_table(("table", "rows"), [(name, str(number)) for name, number in rows.items()])
    print_note(_STATES[state])


_STATES = {
    "missing": "the target is not there yet; nothing was written",
    "empty": "the target is empty; nothing was written",
    "begun": "the target has a part of it already; nothing was written",
}


def _run(wired: App, source: Database, target: str, *, as_json: bool) -> None:
    with closing(wired.connect(target)) as opened:
        refuse_itself(source, opened)
        with StepLine() as line:
            copied = transfer(source, opened, lambda *progress: _show(line, *progress))
        _tell(source.url, opened.url, copied, as_json=as_json)


def _show(line: StepLine, name: str, done: int, size: int) -> None:
    what = "comparing both" if name == "verify" else f"copying {name}"
    line.show(what, f" {done:,} of {size:,}" if size else "")


def _tell(source: str, target: str, copied: Contents, *, as_json: bool) -> None:
    if as_json:
        tables: dict[str, Any] = {name: {"rows": one.rows, "checksum": one.checksum} for name, one in copied.items()}
        print_json({"complete": True, "from": source, "to": target, "tables": tables})
        return
    print_table(
        ("table", "rows", "checksum"), [(name, str(one.rows), one.checksum[:16]) for name, one in copied.items()]
    )
    print_note("the copy is complete, and its checksums are those of the source; the source is as it was")
    print_note(f"to use it: agentctl config set database {target}")
