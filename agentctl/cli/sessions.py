"""`agentctl sessions`: the conversations that are kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.messages import Attachment, Message
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session, Stored, Summary

app = new_app("The conversations that are kept.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_TABLE_ROWS = 50
_MOST_ROWS = 1_000_000
_EVERYTHING = 2**62  # rows


@app.command("list")
def list_sessions(
    limit: Annotated[
        int | None,
        typer.Option(
            "-n", "--limit", min=1, max=_MOST_ROWS, help="At most so many; 50 in a table, all in JSON if not given."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List conversations, the one used last first."""
    most = limit or (_EVERYTHING if as_json else _TABLE_ROWS)
    found = App().database.read(lambda tx: _listing(tx, most + 1))
    if as_json:
        print_json([_summary(one, cost) for one, cost in found[:most]])
        return
    print_table(("id", "name", "used", "messages", "cost"), [_row(one, cost) for one, cost in found[:most]])
    if len(found) > most:
        print_note(f"the {most} used last; --limit shows more")


@app.command()
def show(
    session: Annotated[str, typer.Argument(help="Its id, the beginning of it, or its name.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a conversation."""
    found, thread, cost = App().database.read(lambda tx: _read(tx, session))
    if as_json:
        print_json(_document(found, thread, cost))
        return
    print_text(f"{found.name or found.id}: {len(thread)} messages, {cost_text(cost)}")
    for stored in thread:
        print_text(f"\n{_heading(stored)}\n{_body(stored.message)}")


@app.command()
def rename(
    session: Annotated[str, typer.Argument(help="Its id, the beginning of it, or its name.")],
    name: Annotated[str, typer.Argument(help='Its new name; "" takes the name away.')],
    *,
    as_json: AsJson = False,
) -> None:
    """Give a conversation a name, by which `chat -r NAME` goes on with it."""
    renamed = App().database.write(lambda tx: sessions.rename(tx, sessions.find(tx, session), name or None))
    if as_json:
        print_json({"id": renamed.id, "name": renamed.name})
    else:
        print_note(f"{renamed.id} is called {renamed.name}" if renamed.name else f"{renamed.id} has no name")


def _listing(tx: Transaction, limit: int) -> list[tuple[Summary, Cost]]:
    return [(one, ledger.session_cost(tx, one.id)) for one in sessions.listing(tx, limit)]


def _summary(one: Summary, cost: Cost) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "updated_at": rfc3339(one.updated_at),
        "messages": one.messages,
        **cost_fields(cost),
    }


def _row(one: Summary, cost: Cost) -> tuple[str, ...]:
    return (one.id, one.name or "", local_time(one.updated_at), str(one.messages), cost_text(cost))


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
