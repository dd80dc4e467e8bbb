"""`agentctl keys`: store, list and remove API keys. A key never stands in an argument."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentctl import keys
from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.errors import UsageError

app = new_app("Store and list API keys: in the keyring, else in a file that you alone can read.")

LONGEST = 1 << 16  # bytes; more on stdin is no key

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="Provider or server, such as openai; or database.")]


@app.command("set")
def set_(name: Name, *, as_json: AsJson = False) -> None:
    """Store a key, asked for on a terminal or read from stdin.

    It may also be a reference that is looked up at each use: $NAME is a variable, !COMMAND prints the key.
    """
    saved = keys.save(name, _read(name))
    if saved.warning:
        print_note(f"warning: {saved.warning}")
    if as_json:
        print_json({"name": name, "where": saved.where, "warning": saved.warning})
    else:
        print_note(f"stored {name} in {saved.where}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the keys that will be used and where they are, never the keys themselves."""
    database = {name: where for name, where in keys.names().items() if name == keys.DATABASE}
    known = database | App().known_keys()
    if as_json:
        print_json([{"name": name, "where": where} for name, where in known.items()])
    else:
        print_table(("name", "where"), known.items())


@app.command()
def rm(name: Name, *, as_json: AsJson = False) -> None:
    """Forget a key."""
    if not keys.remove(name):
        raise UsageError(f"there is no key {name}", hint="agentctl keys list")
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        print_text(f"removed {name}")


def _read(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(LONGEST).decode(errors="replace")
    from getpass import getpass  # noqa: PLC0415

    try:
        return getpass(f"Key for {name}: ")
    except EOFError:
        raise UsageError("no key was given") from None
