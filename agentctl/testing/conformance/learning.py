"""What is learnt from: decisions that never change, with what their turns used, and how good the answers were."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from functools import partial

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.errors import StorageError
from agentctl.ids import new_id
from agentctl.messages import Message, Text
from agentctl.store import decisions, outcomes, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.decisions import Decision
from agentctl.store.outcomes import Outcome
from agentctl.testing.conformance.check import Store, check, expect, refused
from agentctl.usage import Usage


@check()
def a_decision_comes_back_to_the_last_bit(store: Store) -> None:
    """A decision is read back as it was written, with the very numbers, and one page has it but once."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        made = [_decision(session.id, f"{number}", 1 / (number + 3)) for number in range(5)]
        for one in reversed(made):
            database.write(partial(decisions.record, decision=one))
        found = [*database.read(partial(decisions.rows, limit=3)), *database.read(partial(decisions.rows, after="2"))]
        expect([row.decision for row in found], made, "the decisions")


@check()
def a_turn_is_what_its_calls_were(store: Store) -> None:
    """A decision has the tokens of all calls of its turn, and the outcomes of the answers, and nothing of others."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        one, two = _decision(session.id, "1"), _decision(session.id, "2")
        messages = [database.write(partial(_turn, decision=made)) for made in (one, two)]
        for message_id, value in zip(messages, (0.25, 1.0), strict=True):
            database.write(partial(outcomes.add, outcome=_outcome(session.id, message_id, value)))
        rows = database.read(decisions.rows)
        expect([row.tokens for row in rows], [{"p/m": Usage(2, 4, 6, 8, 10)}] * 2, "the tokens")
        expect([[said.value for said in row.outcomes] for row in rows], [[0.25], [1.0]], "the outcomes")
        expect([row.state for row in rows], ["completed", "completed"], "the turns")


@check()
def the_newest_outcome_counts(store: Store) -> None:
    """Of what a grader says of a message the newest counts, and what is delivered twice is recorded once."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        message_id = database.write(partial(_turn, decision=_decision(session.id, "1")))
        said = [_outcome(session.id, message_id, value, at) for value, at in ((0.1 + 0.2, 3), (0.5, 2), (1.0, 1))]
        new = [database.write(partial(outcomes.add, outcome=one)) for one in (*said, said[0])]
        expect(new, [True, True, True, False], "whether they are new")
        expect(_latest(database, session.id), [said[0]], "what counts")
        other = _outcome(session.id, message_id, 0.5, outcome_id=said[0].id)
        refused(StorageError, partial(database.write, partial(outcomes.add, outcome=other)), "another one of that id")


@check("sql")
def what_is_learnt_from_never_changes(store: Store) -> None:
    """The store itself refuses to change or delete a decision or an outcome, but for a purge, which leaves none."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        message_id = database.write(partial(_turn, decision=_decision(session.id, "1")))
        said = _outcome(session.id, message_id, 1.0)
        database.write(partial(outcomes.add, outcome=said))
        for statement in _CHANGES:
            refused(Exception, partial(store.run, statement), statement)
        expect(_latest(database, session.id), [said], "the outcomes")
        database.write(partial(sessions.delete, session_id=session.id))
        database.write(partial(sessions.purge, session_id=session.id))
        left = [tuple(row) for row in store.run(_LEFT)]
        expect(left, [(0, 0, 0)], "what is left after a purge")


def _decision(session_id: str, decision_id: str, propensity: float = 0.1 + 0.2) -> Decision:
    candidates, mask = ("p/m", "p/\U0001f642"), (True, False)
    return Decision(
        decision_id, session_id, sessions.now(), None, "s", "\0", candidates, mask, 0, propensity, 1e-300, True, 1
    )


def _turn(tx: Transaction, decision: Decision) -> str:
    """Record a decision and a turn of two calls; return the id of the answer."""
    decisions.record(tx, decision)
    return [_call(tx, decision) for _ in range(2)][-1]


def _call(tx: Transaction, decision: Decision) -> str:
    call, usage = Call(new_id(), decision.session_id, "p", "m"), Usage(1, 2, 3, 4, 5)
    decisions.attach(tx, decision.id, call.call_id)
    ledger.reserve(tx, call, usage, Decimal(0))
    place = sessions.get(tx, decision.session_id)
    _, stored = sessions.append(tx, place, Message("assistant", (Text("said"),)), run_id=call.call_id)
    ledger.charge(tx, call, usage, Decimal(0), "final", None, stored.id)
    return stored.id


def _outcome(session_id: str, message_id: str, value: float, at: int = 1, outcome_id: str | None = None) -> Outcome:
    return Outcome(outcome_id or new_id(), session_id, message_id, "user", "1", value, None, at)


def _latest(database: Database, session_id: str) -> Sequence[Outcome]:
    return database.read(partial(outcomes.latest, session_id=session_id))


_CHANGES = (
    "UPDATE decisions SET action = 1",
    "DELETE FROM decisions",
    "UPDATE decision_calls SET call_id = 'x'",
    "DELETE FROM decision_calls",
    "UPDATE outcomes SET value = 0",
    "DELETE FROM outcomes",
)
_LEFT = """
    SELECT (SELECT COUNT(*) FROM decisions), (SELECT COUNT(*) FROM decision_calls), (SELECT COUNT(*) FROM outcomes)
"""

CHECKS = (
    a_decision_comes_back_to_the_last_bit,
    a_turn_is_what_its_calls_were,
    the_newest_outcome_counts,
    what_is_learnt_from_never_changes,
)
