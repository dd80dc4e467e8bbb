"""What the commands of `agentctl sessions` take."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reference = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, the beginning of it, or its name.")]
