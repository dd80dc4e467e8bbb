"""`agentctl train rollback`: take back the last promotion."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.train.given import AsJson
from agentctl.cli.train.shown import place, short
from agentctl.cli.wiring import wire

app = new_app()


@app.command()
def rollback(
    *,
    channel: Annotated[str, typer.Option(help="Where from: production, canary, shadow or candidate.")] = "production",
    as_json: AsJson = False,
) -> None:
    """Go back to the policy that a channel had before the last promotion, or to none."""
    channels = wire().policies.channels
    gone = channels.current(channel)
    now = channels.rollback(channel, of=None if gone is None else gone.policy, reason="asked for")
    if as_json:
        print_json(
            {
                "channel": channel,
                "policy": None if now is None else now.policy,
                "percent": None if now is None else now.percent,
                "former": None if gone is None else gone.policy,
            }
        )
        return
    former = "" if gone is None else f" instead of {short(gone.policy)}"
    shown = "no policy is" if now is None else f"{short(now.policy)} is"
    print_note(f"{shown} in {place(channel, now)} now{former}")
