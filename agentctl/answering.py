"""Who answers the turns of a conversation: one model, or the one that is chosen for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agentctl.asking import Options
from agentctl.composing import Composer
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call
from agentctl.events import Decided
from agentctl.ids import new_id
from agentctl.journal import DatabaseJournal, Notify, Turn, Work
from agentctl.store.base import Database, Transaction
from agentctl.target import Allowance, Target

if TYPE_CHECKING:
    from agentctl.choosing import Choice, Chooser, Situation
    from agentctl.economy.caching import Expectation


@dataclass(frozen=True, slots=True)
class Spending:
    """What a turn may cost, what the command has cost so far, and the session that a turn goes on with unkept."""

    allowance: Allowance | None
    spent: Decimal
    source: str | None


class Answering:
    """The model that is asked now, and what its calls have in common.

    Args:
        db: where the conversation lies.
        catalog: what models cost, and may be asked.
        target: who answers, until another one is chosen.
        chooser: who chooses for each turn; None leaves it at `target`.
        session_id: the conversation; None if it is not kept.
        caching: what is expected to follow a turn; None asks the provider to keep nothing.
    """

    def __init__(
        self,
        db: Database,
        catalog: Catalog,
        target: Target,
        *,
        chooser: Chooser | None,
        session_id: str | None,
        caching: Expectation | None,
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._chooser = chooser
        self._session_id = session_id
        self._caching = caching
        self._turn: Choice | None = None
        self._recorded = False
        self._use(target)

    def _use(self, target: Target) -> None:
        self.target = target
        self.composer = Composer(self._db, self._catalog, target, self._session_id, self._caching)
        self.apart = Composer(self._db, self._catalog, target, self._session_id, None)

    @property
    def decided(self) -> Decided | None:
        """What was chosen for the turn; None where nobody chooses, or before the first one."""
        return self._turn.told if self._turn else None

    @property
    def name(self) -> str:
        """`provider/model` of the one that answers now; `auto` until one is chosen."""
        return "auto" if self._chooser and self._turn is None else self.target.name

    def choose(self, situation: Callable[[], Situation], notify: Notify) -> None:
        """Let the model be chosen for a turn that is about to begin."""
        if self._chooser is None:
            return
        choice = self._chooser.choose(situation())
        self._turn, self._recorded = choice, False
        self._use(choice.target)
        for note in choice.notes:
            notify(note)

    def options(self, options: Options) -> Options:
        """How the model is asked in this turn."""
        return replace(options, effort=self._turn.effort) if self._turn and self._turn.effort else options

    def system(self) -> str | None:
        """The system prompt that was chosen along with the model, for the first call of the turn."""
        return self._turn.system if self._turn else None

    def call(self, tag: str | None) -> Call:
        """A call that is about to be made."""
        return Call(new_id(), self._session_id, self.target.provider.name, self.target.model, tag=tag)

    def recording(self, call: Call) -> Work | None:
        """What is recorded as a call begins: that it is one of the turn, and first of all what was decided for that."""
        decision = self._turn.decision if self._turn else None
        if decision is None:
            return None
        from agentctl.store import decisions  # noqa: PLC0415 - who names a model decides nothing

        known = self._recorded

        def record(tx: Transaction) -> None:
            if not known:
                decisions.record(tx, decision)
            decisions.attach(tx, decision.id, call.call_id)

        return record

    def begun(self) -> None:
        """Learn that a call of the turn is in the database, and the decision with it."""
        self._recorded = True

    def journal(self, turn: Turn, spending: Spending, notify: Notify) -> DatabaseJournal:
        """Where a call is recorded, and what decides whether it may be sent."""
        if not spending.allowance:
            return DatabaseJournal(self._db, self._catalog, turn, notify)
        from agentctl.purse import Purse  # noqa: PLC0415 - who has no budget needs none of it
        from agentctl.rationed import Ration, RationedJournal  # noqa: PLC0415

        purse = Purse((self.target.card, *self.target.substitutes), spending.allowance.limits, spending.source)
        ration = Ration(purse, spending.spent, spending.allowance.patience)
        return RationedJournal(self._db, self._catalog, turn, notify, ration)

    async def aclose(self) -> None:
        """Let go of the connections of all that were asked."""
        providers = [self.target.provider, *(self._chooser.providers() if self._chooser else ())]
        for provider in {id(one): one for one in providers}.values():
            await provider.aclose()
