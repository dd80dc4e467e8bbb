"""Decisions, and the turns that they were made for, as a chat leaves them in the database."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.ids import new_id
from agentctl.messages import Message, Text
from agentctl.store import decisions, outcomes, sessions
from agentctl.store.base import Transaction
from agentctl.store.decisions import Decision
from agentctl.store.outcomes import Outcome
from agentctl.store.sessions import MessageStatus, Session
from agentctl.usage import Usage

_NUMBERS = itertools.count()
AT = 1_790_000_000_000_000


def decision(session_id: str, **fields: Any) -> Decision:
    """A decision for a cheap model, among two."""
    values: dict[str, Any] = {
        "id": f"{next(_NUMBERS):08}", "session_id": session_id, "at": sessions.now(), "policy": None, "spec": "spec",
        "features": "", "candidates": ("p/cheap", "p/strong"), "mask": (True, True), "action": 0,
        "propensity": 0.1 + 0.2, "cost_weight": 1 / 3, "explored": False, "shadow": None,
    }  # fmt: skip
    return Decision(**values | fields)


def outcome(session_id: str, message_id: str, **fields: Any) -> Outcome:
    """What somebody says of a message: that it is good."""
    values: dict[str, Any] = {
        "id": new_id(), "session_id": session_id, "message_id": message_id, "grader": "user", "version": "1",
        "value": 1.0, "note": None, "at": sessions.now(),
    }  # fmt: skip
    return Outcome(**values | fields)


def decide(tx: Transaction, session_id: str, **fields: Any) -> Decision:
    """Record a decision."""
    made = decision(session_id, **fields)
    decisions.record(tx, made)
    return made


def begin(tx: Transaction, made: Decision, model: str = "cheap", call_id: str | None = None, attempt: int = 1) -> Call:
    """Reserve a call of a decision's turn."""
    call = Call(call_id or new_id(), made.session_id, "p", model, attempt)
    decisions.attach(tx, made.id, call.call_id)
    ledger.reserve(tx, call, Usage(), Decimal(0))
    return call


def answer(
    tx: Transaction, session: Session, call: Call, usage: Usage, status: MessageStatus = "final"
) -> tuple[Session, str]:
    """Settle a call with an answer; return where the session stands and the answer's id."""
    message = Message("assistant", (Text("said"),), "p/cheap", "end_turn")
    session, stored = sessions.append(tx, session, message, status=status, run_id=call.call_id)
    ledger.charge(tx, call, usage, Decimal(0), "final", None, stored.id)
    return session, stored.id


def judge(tx: Transaction, session: Session) -> Session:
    """A decision for a session, an answer, and what somebody says of it; return where the session stands."""
    session, message_id = answer(tx, session, begin(tx, decide(tx, session.id)), Usage(1))
    outcomes.add(tx, outcome(session.id, message_id))
    return session
