"""`agentctl tools migrate`: make a component of a preview1 module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.tools.given import AsJson, need_wasmtime

app = new_app()


@app.command()
def migrate(
    source: Annotated[Path, typer.Argument(help="A core module, made for wasm32-wasi (preview1).")],
    target: Annotated[Path, typer.Argument(help="The component to write.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a component of a preview1 module, by jco on Node.js.

    A program becomes a command, whose arguments are those of its one function; a library offers what it exports.
    """
    wired = App()
    need_wasmtime()
    from agentctl.tools.wasm.migrate import migrate as make  # noqa: PLC0415 - it needs wasmtime

    inspection = make(source, target, wired.environ)
    if as_json:
        print_json({"source": str(source), "target": str(target), **inspection.as_json()})
    else:
        print_note(f"{target} is a component; see what it asks for with: agentctl tools inspect {target}")
