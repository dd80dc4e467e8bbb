"""Records turns that a budget limits: nothing is sent before the most that it can cost is reserved."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from agentctl.admission import Fitted
from agentctl.attempt import Spent
from agentctl.charging import Terms
from agentctl.economy import ledger
from agentctl.economy.allowance import Grant
from agentctl.economy.billing import Bill, bill
from agentctl.economy.budget import Spending
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Answerer
from agentctl.journal import DatabaseJournal, Notify, Turn, Work
from agentctl.purse import Purse, Verdict
from agentctl.queue import Queue
from agentctl.recovery import recover
from agentctl.store.base import Database, Transaction
from agentctl.usage import Usage


class _OvertakenError(Exception):
    """Another process took what was left of a budget."""


@dataclass(frozen=True, slots=True)
class Ration:
    """What a turn may cost.

    Args:
        purse: what decides.
        spent: dollars that the command has cost so far.
        patience: seconds to wait for what others have reserved.
    """

    purse: Purse
    spent: Decimal
    patience: float


class RationedJournal(DatabaseJournal):
    """`DatabaseJournal` under budgets; see there.

    Args:
        ration: what the turn may cost.
    """

    def __init__(self, db: Database, catalog: Catalog, turn: Turn, notify: Notify, ration: Ration) -> None:
        super().__init__(db, catalog, turn, notify)
        self._ration = ration
        self._purse = ration.purse
        self._queue = Queue(ration.patience, notify, self._clear)
        self._granted: tuple[Usage, Decimal] | None = None

    async def _enter(self, fitted: Fitted, prepare: Work, *, fixed: bool = False) -> Fitted:
        """Reserve the most that an attempt can cost, once the budgets allow it.

        Raises:
            BudgetError: they do not.
            CancelledError: the task was cancelled while it waited for others.
        """
        purse = self._purse = self._ration.purse.opened(fitted.request)

        async def take(fitted: Fitted, patient: bool) -> Verdict:
            while True:
                with suppress(_OvertakenError):
                    return await self._write(lambda tx: self._take(tx, fitted, prepare, patient=patient, fixed=fixed))

        fitted, grant = await self._queue.granted(self._turn.gate, purse, fitted, take)
        return fitted if fixed else purse.clamped(fitted, grant)

    def _take(self, tx: Transaction, fitted: Fitted, prepare: Work, *, patient: bool, fixed: bool) -> Verdict:
        verdict = self._purse.decide(tx, self._call, fitted, self._spending(), patient=patient, fixed=fixed)
        if isinstance(verdict, Grant):
            prepare(tx)
            self._granted = self._purse.reserve(tx, self._call, fitted, verdict)
            if self._granted is None:
                raise _OvertakenError
        return verdict

    def _book(self, tx: Transaction, spent: Spent, terms: Terms, message_id: str | None) -> Bill:
        """Charge all that was reserved where the provider may have gone on and nobody knows how far."""
        if not (spent.open_ended and self._granted):
            return super()._book(tx, spent, terms, message_id)
        usage, cost = self._granted
        usage = replace(usage, reported=spent.usage.reported if spent.usage else None)
        answerer, version = Answerer(spent.model, spent.response_id), terms.card.version
        ledger.charge(tx, self._call, usage, cost, "estimated", version, message_id, answerer=answerer)
        return bill(usage, cost)

    def _spending(self) -> Spending:
        """What was spent before the attempt that is to come."""
        so_far = self._earlier.cost if self._earlier else None
        call, command = (ledger.stored(cost) or 0 for cost in (so_far, self._ration.spent))
        return Spending(command + call, call)

    def _clear(self) -> None:
        """Let go of what dead processes have reserved."""
        recover(self._db, self._catalog, held=self._call.session_id or self._call.call_id)
