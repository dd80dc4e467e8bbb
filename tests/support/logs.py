"""Logs of a world, as chats leave them in a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.ids import new_id
from agentctl.store import decisions, outcomes, sessions
from agentctl.store.base import Transaction
from agentctl.store.decisions import Row
from agentctl.store.open import connect
from agentctl.store.outcomes import Outcome
from agentctl.store.sessions import Session
from agentctl.usage import Usage
from support.decided import answer
from support.worlds import PRICES

CONFIG = """
database = "sqlite:///{home}/agentctl.db"
""" + "".join(
    f'\n[models."{name}"]\ninput = "{price * 1e6:g}"\noutput = "{price * 1e6:g}"\n' for name, price in PRICES.items()
)


def url(home: Path) -> str:
    """The database of a home that is configured so."""
    return f"sqlite:///{home}/agentctl.db"


def keep(home: Path, rows: Sequence[Row]) -> None:
    """Write decisions with their turns and ratings; a running one has no answer yet."""
    known: dict[str, Session] = {}

    def write(tx: Transaction) -> None:
        for row in rows:
            name = row.decision.session_id
            known[name] = _turn(tx, known.get(name) or sessions.create(tx, session_id=name), row)

    database = connect(url(home))
    try:
        database.write(write)
    finally:
        database.close()


def _turn(tx: Transaction, session: Session, row: Row) -> Session:
    made = row.decision
    provider, _, model = made.candidates[made.action].partition("/")
    call = Call(new_id(), session.id, provider, model)
    decisions.record(tx, made)
    decisions.attach(tx, made.id, call.call_id)
    ledger.reserve(tx, call, Usage(), None)
    if row.state == "running":
        return session
    session, message = answer(tx, session, call, sum(row.tokens.values(), Usage()))
    for one in row.outcomes:
        outcomes.add(tx, Outcome(new_id(), session.id, message, one.grader, "1", one.value, None, one.at))
    return session
