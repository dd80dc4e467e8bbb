"""Sessions that policies decided, with graded answers."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.economy import ledger
from agentctl.ids import new_id
from agentctl.store import decisions, outcomes, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.decisions import Decision
from agentctl.store.outcomes import Outcome
from agentctl.usage import Usage
from support.talks import converse


def decide_all(database: Database, policy: str, good: Iterable[bool]) -> None:
    """A session for each of these, decided by a policy now, and graded so."""

    def write(tx: Transaction) -> None:
        for one in good:
            _decide(tx, policy, good=one, at=ledger.now())

    database.write(write)


def _decide(tx: Transaction, policy: str, *, good: bool, at: int) -> None:
    """A session with a graded answer, decided by a policy."""
    session = converse(tx, "hi", "there")
    decision = Decision(
        id=new_id(at // 1000),
        session_id=session.id,
        at=at,
        policy=policy,
        spec="s",
        features="",
        candidates=("a/x", "a/y"),
        mask=(True, True),
        action=0,
        propensity=1.0,
        cost_weight=0.0,
        explored=False,
    )
    decisions.record(tx, decision)
    message = sessions.thread(tx, session)[-1]
    tx.execute("decisions.attach", decision_id=decision.id, call_id=(call := new_id()))
    _charge(tx, session.id, call, message.id)
    outcomes.add(tx, Outcome(new_id(), session.id, message.id, "exact", "1", float(good), None, at))


def _charge(tx: Transaction, session_id: str, call_id: str, message_id: str) -> None:
    call = ledger.Call(call_id, session_id, "a", "x")
    ledger.reserve(tx, call, Usage(), None, None)
    ledger.send(tx, call)
    ledger.charge(tx, call, Usage(uncached_input=1, output=1), None, "final", None, message_id)
