"""Kept calls with what was billed for them, as conversations leave them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agentctl.economy import ledger
from agentctl.economy.ledger import Answerer, Call
from agentctl.ids import new_id
from agentctl.messages import Message, Text
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.usage import Usage, UsageStatus

ANSWER = Message("assistant", (Text("ok"),))


def bill(
    tx: Transaction,
    model: str,
    messages: Sequence[Message],
    *,
    tokens: int,
    at: int,
    status: UsageStatus = "final",
    answered_by: str | None = None,
) -> None:
    """A session of these messages and an answer, for whose call the model billed so many tokens of input."""
    session = sessions.create(tx)
    for message in messages:
        session, _ = sessions.append(tx, session, message)
    session, answer = sessions.append(tx, session, ANSWER)
    provider, _, name = model.partition("/")
    call, usage = Call(new_id(), session.id, provider, name), Usage(tokens, output=1)
    ledger.reserve(tx, call, usage, Decimal(0))
    answerer = Answerer(answered_by)
    ledger.charge(tx, call, usage, Decimal(0), status, None, answer.id, answerer=answerer, at=at)
