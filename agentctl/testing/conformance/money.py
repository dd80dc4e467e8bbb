"""Money: a ledger that only grows, and sums that are those of its charges to the last pico-dollar."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from functools import partial
from itertools import chain

from agentctl.economy import ledger, totals
from agentctl.economy.ledger import Answerer, Call, Cost, Told
from agentctl.economy.money import from_pico
from agentctl.economy.periods import Period
from agentctl.errors import StorageError, UsageError
from agentctl.ids import new_id
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.testing.conformance.check import Store, check, expect, refused
from agentctl.testing.conformance.worker import together
from agentctl.usage import Usage

_MOST = 2**63 - 1  # pico-dollars of one charge


@check()
def sums_pass_64_bits(store: Store) -> None:
    """Charges of up to 2**63-1 pico-dollars add up exactly, also beyond that, and to the last digit."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        picos = [_MOST, _MOST, _MOST - 2, 2**53 + 1, 1]
        for pico in picos:
            database.write(partial(_charge, cost=from_pico(pico), session_id=session.id))
        expect(_cost(database, session.id), Cost(from_pico(sum(picos)), 0), "the cost of the session")
        found = database.read(partial(totals.by_session, period=Period()))
        expect({key: total.known for key, total in found.items()}, {session.id: sum(picos)}, "the sums")


@check()
def what_is_unknown_stays_unknown(store: Store) -> None:
    """A call of unknown cost is counted beside the known ones, and is not one that costs nothing."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        for cost in (None, Decimal(0), Decimal("0.25"), None):
            database.write(partial(_charge, cost=cost, session_id=session.id))
        expect(_cost(database, session.id), Cost(Decimal("0.25"), 2), "the cost of the session")


@check()
def sums_are_those_of_the_charges(store: Store) -> None:
    """Threads that charge at once, some in work that fails, leave sums that are those of what was kept."""

    def charge(tx: Transaction, pico: int, session_id: str) -> None:
        _charge(tx, from_pico(pico), session_id)
        if pico % 5 == 0:
            raise UsageError("no")

    with closing(store.open()) as database, ThreadPoolExecutor(8) as pool:
        session = database.write(sessions.create)
        picos = range(10**11 + 1, 10**11 + 61)
        works = [partial(charge, pico=pico, session_id=session.id) for pico in picos]
        futures = [pool.submit(database.write, work) for work in works]
        expect(sum(future.exception() is not None for future in futures), 12, "how many charges failed")
        expect(_cost(database, session.id), Cost(from_pico(sum(p for p in picos if p % 5)), 0), "the cost")


@check("shared")
def processes_charge_at_once(store: Store) -> None:
    """Processes that charge at once leave sums that are those of all their charges."""
    costs = [[f"0.0{process}00000000{call}" for call in range(1, 8)] for process in range(1, 4)]
    with closing(store.open()) as database:
        together(store, "charge", costs)
        found = database.read(partial(totals.by_session, period=Period()))[None]
        wanted = sum(map(Decimal, chain(*costs)), Decimal(0))
        expect((found.calls, found.cost.known), (21, wanted), "the calls and their cost")


@check()
def a_call_is_charged_once(store: Store) -> None:
    """A second charge of one call is refused and counts nothing."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        call = Call(new_id(), session.id, "provider", "model")
        charge = partial(_charge, cost=Decimal(1), session_id=session.id, call=call)
        database.write(charge)
        refused(StorageError, partial(database.write, charge), "a second charge")
        expect(_cost(database, session.id), Cost(Decimal(1), 0), "the cost of the session")


@check()
def calls_are_open_until_they_are_settled(store: Store) -> None:
    """A reserved call is open, with what its provider said of it, until it is charged or released."""
    with closing(store.open()) as database:
        calls = [Call(new_id(), None, "provider", f"m{number}", tag="t") for number in range(3)]
        for call in calls:
            database.write(partial(ledger.reserve, call=call, usage=Usage(1, 2, 3, 4, 5), cost=Decimal("0.5")))
        told = Told(Answerer("an ünusual\nname", "response"), Usage(output=7), 3)
        database.write(partial(ledger.send, call=calls[0]))
        database.write(partial(ledger.hear, call=calls[0], told=told))
        database.write(partial(ledger.release, call=calls[1]))
        database.write(partial(_charge, cost=Decimal("0.1"), session_id=None, call=calls[2]))
        (found,) = database.read(ledger.open_calls)
        expect((found.call, found.cost, found.sent), (calls[0], Decimal("0.5"), True), "the open call")
        expect((found.usage, found.told), (Usage(1, 2, 3, 4, 5), told), "what it may use, and has")


@check("sql")
def the_ledger_only_grows(store: Store) -> None:
    """The store itself refuses to change or delete an entry of the ledger, whoever asks."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        database.write(partial(_charge, cost=Decimal(1), session_id=session.id))
        for statement in ("UPDATE usage_ledger SET computed_pusd = 0", "DELETE FROM usage_ledger"):
            refused(Exception, partial(store.run, statement), statement)
        expect(_cost(database, session.id), Cost(Decimal(1), 0), "the cost of the session")


def _charge(tx: Transaction, cost: Decimal | None, session_id: str | None, call: Call | None = None) -> None:
    call = call or Call(new_id(), session_id, "provider", "model")
    ledger.charge(tx, call, Usage(1), cost, "final", None, None)


def _cost(database: Database, session_id: str) -> Cost:
    return database.read(partial(ledger.session_cost, session_id=session_id))


CHECKS = (
    sums_pass_64_bits,
    what_is_unknown_stays_unknown,
    sums_are_those_of_the_charges,
    processes_charge_at_once,
    a_call_is_charged_once,
    calls_are_open_until_they_are_settled,
    the_ledger_only_grows,
)
