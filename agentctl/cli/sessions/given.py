"""What the commands of `agentctl sessions` take."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, the beginning of it, or its name.")]
InSession = Annotated[
    str | None, typer.Option("--session", metavar="SESSION", help="In one conversation: its id, or its name.")
]
Since = Annotated[str | None, typer.Option(help="From a time on, like 2026-11-23, 7d or 12h.")]
Until = Annotated[str | None, typer.Option(help="Up to a time.")]
