"""Calls of tools in the database: asked, allowed or refused, run, and told to the model. Functions of a transaction.

A round is the tool calls of one answer. It is open from the moment the answer is stored until the results stand in the
conversation; one that a dead process left open is concluded by whoever finds it, so that no call stays an orphan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentctl.messages import Message, ToolCall, ToolResult
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session, now

Ending = Literal["finished", "failed", "cancelled", "skipped", "lost"]

LOST = "The program ended while this ran. Whether it took effect is unknown: look before you do it again."
SKIPPED = "This was not run: the program ended before."
BROKE_OFF = "This was not run: the answer broke off."


@dataclass(frozen=True, slots=True)
class Round:
    """The tool calls of one answer.

    `place` is where the conversation stands right after that answer; None where it is not kept.
    """

    run_id: str
    place: Session | None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What was decided on, and by whom."""

    effect: str
    summary: str
    subject: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a call: what the model is `told`, and all the `output` there was where that was cut."""

    state: Ending
    told: str
    output: str | None = None
    details: Mapping[str, Any] | None = None


def ask(tx: Transaction, around: Round, calls: Sequence[ToolCall]) -> None:
    """Open a round."""
    place, at = around.place, now()
    for position, call in enumerate(calls):
        tx.execute(
            "toolcalls.ask",
            run_id=around.run_id,
            position=position,
            session_id=place.id if place else None,
            message_id=place.head_id if place else None,
            call_id=_whole_characters(call.id),
            tool=_whole_characters(call.name),
            arguments=_whole_characters(call.arguments) if place else None,
            now=at,
        )


def start(tx: Transaction, run_id: str, position: int, allowed: Allowed) -> None:
    """Record that a call is about to run: from now on it may have an effect."""
    tx.execute("toolcalls.start", run_id=run_id, position=position, **_fields(allowed), now=now())


def refuse(tx: Transaction, run_id: str, position: int, refused: Allowed) -> None:
    """Record that a call was not allowed."""
    tx.execute("toolcalls.refuse", run_id=run_id, position=position, **_fields(refused))


def end(tx: Transaction, run_id: str, position: int, ended: Ended, *, kept: bool) -> None:
    """Record what became of a call; what came of it only where the conversation is `kept`."""
    tx.execute(
        "toolcalls.end",
        run_id=run_id,
        position=position,
        state=ended.state,
        result=ended.told if kept else None,
        output=ended.output if kept else None,
        details=json.dumps(dict(ended.details)) if ended.details else None,
        now=now(),
    )


def conclude(tx: Transaction, around: Round, results: Sequence[ToolResult]) -> None:
    """Add the results to the conversation, where there is one, and close the round."""
    if around.place and results:
        sessions.append(tx, around.place, Message("tool", tuple(results)), run_id=around.run_id)
    tx.execute("toolcalls.conclude", run_id=around.run_id, now=now())


def skip(tx: Transaction, around: Round, calls: Sequence[ToolCall], why: str) -> None:
    """Record calls that nobody is going to run, and tell the model why."""
    ask(tx, around, calls)
    for position in range(len(calls)):
        end(tx, around.run_id, position, Ended("skipped", why), kept=around.place is not None)
    conclude(tx, around, [ToolResult(call.id, why, is_error=True) for call in calls])


def open_rounds(tx: Transaction) -> list[Round]:
    """Return the rounds whose results do not stand in the conversation: their process runs them, or is dead."""
    return [Round(row["run_id"], _place(tx, row)) for row in tx.all("toolcalls.open")]


def is_open(tx: Transaction, around: Round) -> bool:
    """Whether the results of a round are still missing from its conversation."""
    return bool(tx.all("toolcalls.of_run", run_id=around.run_id))


def fold(tx: Transaction, around: Round) -> None:
    """Conclude a round that a dead process left: with what it had recorded, and a word on what it had not."""
    rows = tx.all("toolcalls.of_run", run_id=around.run_id)
    results = []
    for row in rows:
        if row["state"] in _OPEN:
            state, told = _OPEN[row["state"]]
            end(tx, around.run_id, row["position"], Ended(state, told), kept=around.place is not None)
        else:
            told = row["result"] or ""
        results.append(ToolResult(row["call_id"], told, is_error=row["state"] != "finished"))
    conclude(tx, around, results)


def handle(run_id: str, position: int) -> str:
    """The name of what a call brought."""
    return f"{run_id}-{position}"


def output(tx: Transaction, session_id: str, name: str) -> str | None:
    """Return all that a call of a session brought, by its `handle`; None if there is no such call."""
    run_id, _, position = name.rpartition("-")
    if not position.isdecimal() or len(position) > _DIGITS:
        return None
    row = tx.one("toolcalls.output", session_id=session_id, run_id=run_id, position=int(position))
    return row["output"] if row else None


def latest(tx: Transaction, limit: int, session_id: str | None = None) -> list[Mapping[str, Any]]:
    """Return the calls made last, newest first, of one session or of all."""
    return [dict(row) for row in tx.all("toolcalls.latest", limit=limit, session_id=session_id)]


_DIGITS = 9  # of a position: more than any answer has calls
_OPEN: Mapping[str, tuple[Ending, str]] = {"started": ("lost", LOST), "asked": ("skipped", SKIPPED)}


def _whole_characters(text: str) -> str:
    """The text without halves of characters, which no database takes; the answer itself has them as they came."""
    return text.encode("utf-8", "replace").decode()


def _fields(allowed: Allowed) -> dict[str, str]:
    return {
        "effect": allowed.effect,
        "summary": _whole_characters(allowed.summary),
        "subject": _whole_characters(allowed.subject),
        "decided_by": allowed.decided_by,
    }


def _place(tx: Transaction, row: Mapping[str, Any]) -> Session | None:
    if row["session_id"] is None or row["message_id"] is None:
        return None
    session = sessions.get(tx, row["session_id"])
    return sessions.after(session, row["branch_id"], row["message_id"], row["seq"])
