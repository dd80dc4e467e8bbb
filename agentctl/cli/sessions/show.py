"""`agentctl sessions show`: what was said in a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from agentctl.cli.figures import cost_fields, cost_text, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import plain, print_json, print_json_line, print_text
from agentctl.cli.sessions.given import AsJson, Reference
from agentctl.cli.sessions.rated import by_message, rating, told
from agentctl.cli.sessions.shown import heading, message_fields, readable
from agentctl.cli.wiring import wire
from agentctl.economy import ledger
from agentctl.economy.ledger import Cost
from agentctl.errors import UsageError
from agentctl.store import outcomes, sessions
from agentctl.store.base import Transaction
from agentctl.store.outcomes import Outcome
from agentctl.store.sessions import Origin, Session, Stored

app = new_app()


@app.command()
def show(
    session: Reference,
    branch: Annotated[
        str | None,
        typer.Option("--branch", help="Another branch, or up to a message: its name or beginning of its id."),
    ] = None,
    *,
    tree: Annotated[bool, typer.Option("--tree", help="All branches, a line for each message.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="All messages as they are stored, a line of JSON each.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a conversation."""
    if tree + raw + (branch is not None) > 1:
        raise UsageError("--tree and --raw show all branches, each in a way of its own", hint="give one of them")
    if raw:
        _print_raw(session)
    elif tree:
        _print_tree(session, as_json=as_json)
    else:
        _print_thread(session, branch, as_json=as_json)


@dataclass(frozen=True)
class _Shown:
    """What is known of a conversation; `length` is that of short ids, and `ratings` are those of each message."""

    session: Session
    origin: Origin
    tags: tuple[str, ...]
    thread: list[Stored]
    ratings: Mapping[str, list[Outcome]]
    cost: Cost
    length: int


def _print_thread(reference: str, branch: str | None, *, as_json: bool) -> None:
    shown = wire().database.read(lambda tx: _read(tx, reference, branch))
    if as_json:
        print_json(_document(shown))
        return
    name = shown.session.name or shown.session.id
    tags = "".join(f" +{tag}" for tag in shown.tags)
    print_text(f"{plain(name)}: {len(shown.thread)} messages, {cost_text(shown.cost)}{plain(tags)}")
    for stored in shown.thread:
        print_text(f"\n{heading(stored, shown.length)}\n{readable(stored.message)}")
        for outcome in shown.ratings.get(stored.id, ()):
            print_text(f"[{told(outcome)}]")


def _read(tx: Transaction, reference: str, branch: str | None) -> _Shown:
    session = sessions.find(tx, reference)
    place = session if branch is None else sessions.locate(tx, session, branch)
    return _Shown(
        place,
        sessions.origin(tx, session.id),
        sessions.tags(tx, session.id),
        sessions.thread(tx, place),
        by_message(outcomes.latest(tx, session.id)),
        ledger.session_cost(tx, session.id),
        sessions.short_length(tx, session.id),
    )


def _document(shown: _Shown) -> dict[str, Any]:
    session, origin = shown.session, shown.origin
    copied = {"session_id": origin.forked_from_session, "message_id": origin.forked_from_message}
    return {
        "id": session.id,
        "name": session.name,
        "title": origin.title,
        "tags": shown.tags,
        "branch_id": session.branch_id,
        "forked_from": copied if origin.forked_from_session else None,
        "created_at": rfc3339(session.created_at),
        "updated_at": rfc3339(session.updated_at),
        **cost_fields(shown.cost),
        "messages": [
            message_fields(stored) | {"ratings": [rating(one) for one in shown.ratings.get(stored.id, ())]}
            for stored in shown.thread
        ],
    }


def _print_raw(reference: str) -> None:
    for row in wire().database.read(lambda tx: sessions.rows(tx, sessions.find(tx, reference).id)):
        print_json_line(dict(row))


def _print_tree(reference: str, *, as_json: bool) -> None:
    from agentctl.cli.sessions import tree  # noqa: PLC0415 - most conversations are shown as they read

    def read(tx: Transaction) -> tuple[Session, list[tree.Node], int]:
        session = sessions.find(tx, reference)
        return session, tree.nodes(tx, session.id), sessions.short_length(tx, session.id)

    session, found, length = wire().database.read(read)
    if as_json:
        print_json({"id": session.id, "name": session.name, "messages": [tree.document(node) for node in found]})
        return
    print_text(f"{plain(session.name or session.id)}: {len(found)} messages")
    for line in tree.lines(found, length):
        print_text(line)
