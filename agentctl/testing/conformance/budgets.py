"""Budgets: reservations that no number of threads and processes can take beyond a limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC
from decimal import Decimal
from functools import partial

from agentctl.economy import budget, ledger
from agentctl.economy.budget import Limits
from agentctl.economy.ledger import Call
from agentctl.ids import new_id
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.testing.conformance.check import Store, check, expect
from agentctl.testing.conformance.worker import together
from agentctl.usage import Usage

_CENT = 10**10  # pico-dollars


@check()
def a_limit_is_reached_and_not_passed(store: Store) -> None:
    """What is charged and reserved counts against each limit: its last pico-dollar is granted, one more is not."""
    with closing(store.open()) as database:
        session_id = database.write(sessions.create).id
        limits = Limits(session=Decimal("0.000000000005"), zone=UTC)
        charged = Call(new_id(), session_id, "provider", "model")
        database.write(partial(_settle, call=charged, cost=Decimal("0.000000000002")))
        calls = [Call(new_id(), session_id, "provider", "model") for _ in range(4)]
        granted = [
            database.write(partial(budget.reserve, call=call, usage=Usage(), cost=cost, limits=limits))
            for call, cost in zip(calls, (4, 3, 1, 0), strict=True)
        ]
        expect(granted, [False, True, False, True], "what is granted of 3 pico-dollars that are left")
        (account,) = database.read(partial(budget.standing, limits=limits, session_id=session_id))
        expect((account.spent, account.reserved, account.left), (2, 3, 0), "the account")


@check()
def threads_keep_to_a_limit(store: Store) -> None:
    """Threads that reserve at once get together what the limit allows, and all of that."""
    limits = Limits(day=Decimal("0.10"))
    works = [
        partial(budget.reserve, call=Call(new_id(), None, "p", "m"), usage=Usage(), cost=_CENT, limits=limits)
        for _ in range(40)
    ]
    with closing(store.open()) as database, ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(database.write, works))
        expect((sum(granted), len(database.read(ledger.open_calls))), (10, 10), "what is granted of 10")


@check("shared")
def processes_keep_to_a_limit(store: Store) -> None:
    """Processes that reserve at once get together what the limit allows, and all of that."""
    with closing(store.open()) as database:
        granted = together(store, "reserve", [[20, _CENT, "0.10"]] * 4)
        expect((sum(granted), len(database.read(ledger.open_calls))), (10, 10), "what is granted of 10")


def _settle(tx: Transaction, call: Call, cost: Decimal) -> None:
    ledger.charge(tx, call, Usage(1), cost, "final", None, None)


CHECKS = (a_limit_is_reached_and_not_passed, threads_keep_to_a_limit, processes_keep_to_a_limit)
