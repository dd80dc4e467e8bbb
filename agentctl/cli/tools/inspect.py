"""`agentctl tools inspect`: what a file with WebAssembly is, what it offers and what it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_table, print_text
from agentctl.cli.tools.given import AsJson, need_wasmtime, read_component
from agentctl.cli.tools.shown import line, signature
from agentctl.errors import ExitCode

if TYPE_CHECKING:
    from agentctl.tools.wasm.inspection.found import Inspection

app = new_app()

_LONGEST = 4000  # characters of a cell: all of WASI has room in it


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A WebAssembly component.")], *, as_json: AsJson = False
) -> None:
    """Show what a component offers, and what it asks for. Nothing of it is run.

    Leaves with 8 if it can't be used as a tool.
    """
    App()
    need_wasmtime()
    data = read_component(file)
    from agentctl.tools.wasm.inspection.apart import inspect_apart  # noqa: PLC0415 - other commands need none of it

    inspection = inspect_apart(data)
    if as_json:
        print_json(inspection.as_json())
    else:
        _show(file, inspection)
    if inspection.verdict == "refused":
        raise typer.Exit(ExitCode.tool)


def _show(file: Path, inspection: Inspection) -> None:
    rows = [
        ("kind", inspection.kind),
        ("verdict", inspection.verdict),
        ("reason", inspection.reason or ""),
        ("asks for", ", ".join(inspection.capabilities) or "nothing"),
        ("imports", ", ".join(inspection.imports) or "nothing"),
    ]
    print_table((line(str(file)), ""), [(name, line(text, _LONGEST)) for name, text in rows if text])
    for one in inspection.exports:
        said = f"  {line(one.description)}" if one.description else ""
        print_text(signature(one.name, one.parameters) + said)
