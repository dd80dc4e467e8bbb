"""What was computed beside what was reported, with the answer or later."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy import ledger, reconciling
from agentctl.economy.ledger import Answerer, Call, Cost
from agentctl.economy.reconciling import Drift, Scope, Unreported
from agentctl.errors import StorageError
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

LARGEST = Decimal(2**63 - 1).scaleb(-12)
EVERYTHING = Scope()
costs = st.decimals(0, LARGEST, places=12)
Spending = tuple[Decimal | None, Decimal | None, Decimal | None, str]
# What was computed, what was reported with the answer, and what later.
calls = st.lists(st.tuples(st.none() | costs, st.none() | costs, st.none() | costs, st.sampled_from("ab")), max_size=8)


def charge(
    tx: Transaction, name: str, computed: Decimal | None, reported: Decimal | None = None, session: str | None = None
) -> str:
    """Charge the call `name` of the model `router/NAME[0]`; return the id of the charge."""
    call = Call(name, session, "router", name[0])
    ledger.charge(
        tx, call, Usage(reported=reported), computed, "final", None, None, answerer=Answerer(None, f"answer-{name}")
    )
    found = reconciling.unreported(tx, "router", EVERYTHING, 10**6)
    return next((one.charge_id for one in found if one.response_id == f"answer-{name}"), "")


@given(calls)
def test_drift_is_the_exact_sum_of_differences(spent: list[Spending]) -> None:
    """Each call that has both costs counts once, with what was reported first, and so does what the session cost."""
    expected: dict[tuple[str, str], Drift] = {}
    charged: list[Decimal | None] = []

    def work(tx: Transaction) -> str:
        session = sessions.create(tx).id
        for number, (computed, at_once, later, model) in enumerate(spent):
            charge_id = charge(tx, f"{model}{number}", computed, at_once, session)
            assert bool(charge_id) is (at_once is None)
            reported = at_once
            if reported is None:
                for amount in (later, Decimal(7)) if later is not None else ():
                    assert reconciling.report(tx, charge_id, Usage(reported=amount)) is (amount is later)
                reported = later
            charged.append(computed if reported is None else reported)
            if computed is not None and reported is not None:
                before = expected.get(("router", model), Drift(0, Decimal(0), Decimal(0)))
                expected["router", model] = before + Drift(1, computed, reported)
        return session

    with closing(connect(":memory:")) as database:
        session = database.write(work)
        found = database.read(lambda tx: reconciling.drift(tx, EVERYTHING))
        assert found == expected
        assert reconciling.total(found.values()).difference == sum(
            (one.reported - one.computed for one in expected.values()), Decimal(0)
        )
        known = [cost for cost in charged if cost is not None]
        total = database.read(lambda tx: ledger.session_cost(tx, session))
        assert total == Cost(sum(known, Decimal(0)), len(charged) - len(known))


def test_a_reported_charge_takes_no_report(database: Database) -> None:
    """What came with the answer stays what it cost; nor does a call that is no charge take one."""
    database.write(lambda tx: charge(tx, "a", Decimal(1), Decimal(2)))
    with pytest.raises(StorageError, match="only a charge"):
        database.write(lambda tx: reconciling.report(tx, "nothing", Usage(reported=Decimal(3))))


@pytest.mark.parametrize("reported", [None, Decimal(-1), Decimal("NaN")])
def test_a_report_without_a_cost_is_none(database: Database, reported: Decimal | None) -> None:
    """The charge can be asked about again."""
    charge_id = database.write(lambda tx: charge(tx, "a", Decimal(1)))
    assert not database.write(lambda tx: reconciling.report(tx, charge_id, Usage(reported=reported)))
    found = database.read(lambda tx: reconciling.unreported(tx, "router", EVERYTHING, 9))
    assert found == [Unreported(charge_id, "answer-a")]


def test_the_worst_come_first(database: Database) -> None:
    """By dollars in either direction; what does not differ is not listed, nor what is out of scope."""

    def work(tx: Transaction) -> tuple[list[str | None], ...]:
        session = sessions.create(tx).id
        for name, computed, reported in (
            ("a", Decimal(1), 1),
            ("b", Decimal(5), 1),
            ("c", Decimal(1), 3),
            ("d", None, 9),
        ):
            charge(tx, name, computed, Decimal(reported), session if name == "c" else None)
        later = charge(tx, "e", Decimal(1))
        reconciling.report(tx, later, Usage(reported=Decimal(2)))
        scopes = (Scope(), Scope(session_id=session), Scope(since=2**62))
        found = [reconciling.worst(tx, scope, 2) for scope in scopes]
        assert [len(reconciling.drift(tx, scope)) for scope in scopes] == [4, 1, 0]
        return tuple([one.response_id for one in each] for each in found)

    assert database.write(work) == (["answer-b", "answer-c"], ["answer-c"], [])


def test_the_share_of_nothing_is_unknown() -> None:
    """A call that was free has no drift, or one that no share tells."""
    assert Drift(1, Decimal(0), Decimal(0)).share == 0
    assert Drift(1, Decimal(0), Decimal(1)).share is None
    assert Drift(1, Decimal(4), Decimal(1)).share == Decimal("-0.75")


def test_reports_are_append_only(database: Database) -> None:
    """A second report of the same charge is none."""
    charge_id = database.write(lambda tx: charge(tx, "a", Decimal(1)))
    for amount, new in ((2, True), (3, False)):
        usage = Usage(reported=Decimal(amount), raw={"total_cost": amount})
        assert database.write(partial(reconciling.report, charge_id=charge_id, usage=usage)) is new
    (one,) = database.read(lambda tx: reconciling.drift(tx, EVERYTHING)).values()
    assert one == Drift(1, Decimal(1), Decimal(2))
