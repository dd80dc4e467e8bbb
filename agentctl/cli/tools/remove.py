"""`agentctl tools remove`: forget a component."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.tools.given import AsJson

app = new_app()


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="What it was called when it was added.")], *, as_json: AsJson = False
) -> None:
    """Forget a component: its copy, what it was allowed, and its tools."""
    App().components.remove(name)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        print_note(f"removed {name}")
