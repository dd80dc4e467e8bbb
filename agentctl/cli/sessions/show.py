"""`agentctl sessions show`: what was said in a conversation."""

from __future__ import annotations

from typing import Any

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_text
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.sessions.shown import heading, message_fields, readable
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session, Stored

app = new_app()


@app.command()
def show(
    session: Reference,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a conversation."""
    found, thread, cost = App(tell=print_note).database.read(lambda tx: _read(tx, session))
    if as_json:
        print_json(_document(found, thread, cost))
        return
    print_text(f"{found.name or found.id}: {len(thread)} messages, {cost_text(cost)}")
    for stored in thread:
        print_text(f"\n{heading(stored)}\n{readable(stored.message)}")


def _read(tx: Transaction, reference: str) -> tuple[Session, list[Stored], Cost]:
    session = sessions.find(tx, reference)
    return session, sessions.thread(tx, session), ledger.session_cost(tx, session.id)


def _document(session: Session, thread: list[Stored], cost: Cost) -> dict[str, Any]:
    return {
        "id": session.id,
        "name": session.name,
        "created_at": rfc3339(session.created_at),
        "updated_at": rfc3339(session.updated_at),
        **cost_fields(cost),
        "messages": [message_fields(stored) for stored in thread],
    }
