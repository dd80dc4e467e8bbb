"""`agentctl tools log`: the audit trail of what tools did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.tools.given import AsJson
from agentctl.cli.wiring import wire
from agentctl.store import sessions, toolcalls
from agentctl.store.base import Transaction

app = new_app()

_DECIDERS = {"user": "you", "rule": "a rule"}
_HARMLESS = frozenset({"none", "read"})  # what needs nobody's leave


@app.command()
def log(
    session: Annotated[str | None, typer.Argument(help="Of one conversation: its id, or its name.")] = None,
    *,
    limit: Annotated[int, typer.Option("-n", "--limit", help="How many calls to show.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what tools did, newest first: what it was, who allowed or refused it, and how it ended."""
    database = wire().kept
    calls = database.read(lambda tx: _read(tx, session, limit)) if database else []
    if as_json:
        print_json([_document(call) for call in calls])
    elif not calls:
        print_note("no tool was called; hint: agentctl chat -t all")
    else:
        print_table(("when", "session", "call", "state", "decided by", "took"), [_row(call) for call in calls])


def _read(tx: Transaction, session: str | None, limit: int) -> list[Mapping[str, Any]]:
    return toolcalls.latest(tx, limit, sessions.find(tx, session).id if session else None)


def _document(call: Mapping[str, Any]) -> dict[str, Any]:
    took = _took(call)
    return {
        "session_id": call["session_id"],
        "call_id": call["call_id"],
        "tool": call["tool"],
        "arguments": call["arguments"],
        "summary": call["summary"],
        "subject": call["subject"],
        "effect": call["effect"],
        "state": call["state"],
        "decided_by": call["decided_by"],
        "result": call["result"],
        "details": json.loads(call["details"]) if call["details"] else {},
        "asked_at": rfc3339(call["asked_at"]),
        "duration_ms": None if took is None else took // 1000,
    }


def _row(call: Mapping[str, Any]) -> tuple[str, ...]:
    took, what = _took(call), call["summary"] or call["tool"]
    return (
        local_time(call["asked_at"]),
        call["session_id"] or "",
        what,
        call["state"],
        _decider(call),
        "" if took is None else f"{took / 1e6:.1f} s",
    )


def _decider(call: Mapping[str, Any]) -> str:
    if call["decided_by"] == "mode":
        return "nobody" if call["state"] == "refused" else "" if call["effect"] in _HARMLESS else "--approve auto"
    return _DECIDERS.get(call["decided_by"], "")


def _took(call: Mapping[str, Any]) -> int | None:
    """How long it ran, in µs; None if it never did, or nobody saw its end."""
    if call["started_at"] is None or call["ended_at"] is None or call["state"] == "lost":
        return None
    return int(call["ended_at"]) - int(call["started_at"])
