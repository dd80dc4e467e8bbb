"""What the commands about policies take."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Policy = Annotated[str, typer.Argument(metavar="POLICY", help="The beginning of its hash, a channel, or a path to it.")]
