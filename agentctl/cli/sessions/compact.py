"""`agentctl sessions compact`: a summary in place of what a conversation began with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agentctl import log
from agentctl.asking import Options
from agentctl.cli.compacting import compact as make_shorter
from agentctl.cli.given import read_dollars, warn_of_project
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.turns import Turns
from agentctl.cli.views import usd
from agentctl.cli.wiring import wire
from agentctl.conversation import Conversation
from agentctl.summarising import KEEP, Compacted, Wanted

app = new_app()


@app.command()
def compact(
    session: Reference,
    *,
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="Who summarises: PROVIDER/MODEL or an alias.")
    ] = None,
    keep: Annotated[int, typer.Option(min=0, metavar="TURNS", help="How many turns stay as they are.")] = KEEP,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="Most that this command may spend, as in 0.50.")
    ] = None,
    instructions: Annotated[str | None, typer.Option(metavar="TEXT", help="What the summary is to heed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let a summary stand for the beginning of a conversation, in what is sent from now on. Nothing is deleted."""
    wired, most = wire(), read_dollars(max_cost, "--max-cost")
    wired.allowance(most)
    log.setup(wired.settings.log)
    warn_of_project(wired.settings, print_note)
    found = wired.session(session, latest=False)
    conversation = Conversation(
        wired.database,
        wired.catalog,
        wired.target(wired.model(model, found)),
        Options(),
        session_id=found,
        tag=wired.settings.tag,
        allowance=lambda: wired.allowance(most),
    )
    with Turns(conversation) as turns:
        done = make_shorter(turns, conversation, Wanted(keep, instructions, most))
    if as_json:
        print_json(_document(conversation, done))


def _document(conversation: Conversation, done: Compacted) -> dict[str, Any]:
    summary = done.message.summary
    return {
        "session_id": conversation.session_id,
        "model": conversation.model,
        "messages": done.messages,
        "tokens": done.tokens,
        "summary_tokens": done.summary_tokens,
        "summary": summary and summary.text,
        "kept": summary and summary.kept,
        "calls": done.calls,
        "cost_usd": usd(done.cost),
    }
