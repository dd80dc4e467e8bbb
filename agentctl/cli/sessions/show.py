"""`agentctl sessions show`: what was said in a conversation."""

from __future__ import annotations

from typing import Any

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_text
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.messages import Attachment, Message
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
        print_text(f"\n{_heading(stored)}\n{_body(stored.message)}")


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
        "messages": [_message(stored) for stored in thread],
    }


def _message(stored: Stored) -> dict[str, Any]:
    message = stored.message
    return {
        "id": stored.id,
        "role": message.role,
        "status": stored.status,
        "text": message.text,
        "thinking": message.thinking,
        "attachments": [
            {"name": part.name, "media_type": part.media_type, "size": len(part.data)} for part in _attachments(message)
        ],
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.calls],
        "tool_results": [
            {"call_id": part.call_id, "content": part.content, "is_error": part.is_error} for part in message.results
        ],
        "model": message.model,
        "stop_reason": message.stop_reason,
        "created_at": rfc3339(stored.created_at),
    }


def _heading(stored: Stored) -> str:
    message = stored.message
    incomplete = ["partial"] if stored.status == "partial" else []
    return " · ".join((message.model or message.role, local_time(stored.created_at), *incomplete))


def _body(message: Message) -> str:
    attached = [f"[{part.name}, {part.media_type}, {len(part.data)} bytes]" for part in _attachments(message)]
    said = [message.text] if message.text else []
    called = [f"[called {call.name} with {call.arguments}]" for call in message.calls]
    answered = [f"[{'failed' if part.is_error else 'result'}] {part.content}" for part in message.results]
    return "\n".join((*attached, *said, *called, *answered))


def _attachments(message: Message) -> list[Attachment]:
    return [part for part in message.parts if isinstance(part, Attachment)]
