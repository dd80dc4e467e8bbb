"""Records turns in the database: the conversation, and what each call cost. Joins the sessions and the ledger.

A turn holds the lock of its session. So a draft whose session is not locked belongs to a process that died, and
`recover` makes a message and a charge of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from agentctl import log
from agentctl.assembly import assemble, dump_deltas, load_deltas
from agentctl.economy import ledger, pricing, tokens
from agentctl.economy.catalog import Catalog, ModelCard
from agentctl.events import Delta, Receipt
from agentctl.messages import Message, Part
from agentctl.store import sessions
from agentctl.store.base import Database, LockBusyError, Transaction
from agentctl.store.sessions import Draft, MessageStatus, Session
from agentctl.usage import Usage, UsageStatus


@dataclass(frozen=True, slots=True)
class Turn:
    """What is about to be sent.

    `call.session_id` is None where the conversation is not kept, and `session` also where it is about to begin.
    `opening` are the messages that are new with this turn, and `input_tokens` the estimated tokens of all that is sent.
    """

    call: ledger.Call
    card: ModelCard
    session: Session | None
    opening: tuple[Message, ...]
    input_tokens: int


class DatabaseJournal:
    """`agent.Journal` over a database, for one turn."""

    def __init__(self, db: Database, turn: Turn) -> None:
        self._db = db
        self._turn = turn
        self._call = turn.call
        self._session: Session | None = None
        self._chunks = 0
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether the turn is in the database."""
        return self._begun

    async def begin(self) -> None:
        """Record the opening messages, an empty draft and the reservation of the call, all or nothing."""
        self._session = await asyncio.wrap_future(self._db.submit(self._begin))
        self._begun = True

    def _begin(self, tx: Transaction) -> Session | None:
        turn, session = self._turn, self._turn.session
        if turn.call.session_id:
            session = session or sessions.create(tx, session_id=turn.call.session_id)
            for message in turn.opening:
                session, _ = sessions.append(tx, session, message)
            sessions.open_draft(tx, session, turn.call.call_id)
        estimate = Usage(uncached_input=turn.input_tokens)
        ledger.reserve(tx, turn.call, estimate, pricing.price(estimate, turn.card))
        return session

    async def draft(self, deltas: Sequence[Delta]) -> None:
        """Record more of the answer."""
        if self._session is None:
            return
        chunk, seq = dump_deltas(deltas), self._chunks
        self._chunks += 1
        run_id = self._call.call_id
        await asyncio.wrap_future(self._db.submit(lambda tx: sessions.add_draft(tx, run_id, seq, chunk)))

    async def settle(self, message: Message | None, usage: Usage | None, status: UsageStatus) -> Receipt:
        """Replace the draft by the message, and the reservation by what the call cost."""
        if usage is None:
            usage = Usage(uncached_input=self._turn.input_tokens, output=_output_tokens(message))
        spent = usage
        receipt = await asyncio.wrap_future(self._db.submit(lambda tx: self._settle(tx, message, spent, status)))
        log.info(
            "call settled",
            call_id=self._call.call_id,
            session_id=self._call.session_id,
            model=receipt.model,
            status=status,
            stop_reason=message.stop_reason if message else None,
            cost_usd=None if receipt.cost is None else pricing.format_usd(receipt.cost),
            **usage.buckets(),
        )
        return receipt

    def _settle(self, tx: Transaction, message: Message | None, usage: Usage, status: UsageStatus) -> Receipt:
        message_id = self._close(tx, message)
        cost = pricing.price(usage, self._turn.card)
        ledger.charge(tx, self._call, usage, cost, status, self._turn.card.version, message_id)
        return self._receipt(usage, status, cost, self._total(tx, cost), message_id)

    def _total(self, tx: Transaction, cost: Decimal | None) -> ledger.Cost:
        """What the session has cost; the call alone where it is not kept."""
        return ledger.session_cost(tx, self._session.id) if self._session else _alone(cost)

    def _receipt(
        self,
        usage: Usage,
        status: UsageStatus,
        cost: Decimal | None,
        total: ledger.Cost,
        message_id: str | None = None,
    ) -> Receipt:
        return Receipt(
            model=self._turn.card.name,
            usage=usage,
            status=status,
            cost=cost,
            session_cost=None if total.unknown_calls else total.known,
            session_cost_known=total.known,
            message_id=message_id,
        )

    def _close(self, tx: Transaction, message: Message | None) -> str | None:
        if self._session is None:
            return None
        sessions.close_draft(tx, self._call.call_id)
        if message is None:
            return None
        status: MessageStatus = "partial" if message.stop_reason in {"cancelled", "error"} else "final"
        _, stored = sessions.append(tx, self._session, message, status=status, run_id=self._call.call_id)
        return stored.id

    async def release(self) -> Receipt:
        """Let go of the draft and the reservation."""
        if not self._begun:
            return self._receipt(Usage(), "final", Decimal(0), _alone(None))
        return await asyncio.wrap_future(self._db.submit(self._release))

    def _release(self, tx: Transaction) -> Receipt:
        self._close(tx, None)
        ledger.release(tx, self._call)
        return self._receipt(Usage(), "final", Decimal(0), self._total(tx, Decimal(0)))


def recover(db: Database, catalog: Catalog, *, held: str | None = None) -> None:
    """Make a partial answer and a charge, with its estimated cost, of each call that a dead process left open.

    `held` is a lock that the caller holds itself.
    """
    for left in db.read(ledger.open_calls):
        name = left.call.session_id or left.call.call_id
        with suppress(LockBusyError), nullcontext() if name == held else db.lock(name, wait=0):
            db.write(partial(_fold, call=left.call, reserved=left.usage, catalog=catalog))


def _fold(tx: Transaction, call: ledger.Call, reserved: Usage, catalog: Catalog) -> None:
    if not ledger.is_open(tx, call):
        return  # its process settled it just before we had the lock
    card = catalog.find(f"{call.provider}/{call.model}")
    message, message_id = None, None
    if draft := sessions.find_draft(tx, call.call_id):
        message = Message("assistant", _parts(draft, call.provider), card.name, "error")
        message_id = _store_partial(tx, draft, message)
    usage = Usage(uncached_input=reserved.input, output=_output_tokens(message))
    ledger.charge(tx, call, usage, pricing.price(usage, card), "estimated", card.version, message_id)


def _parts(draft: Draft, provider: str) -> tuple[Part, ...]:
    return assemble((delta for chunk in draft.chunks for delta in load_deltas(chunk)), provider)


def _store_partial(tx: Transaction, draft: Draft, message: Message) -> str | None:
    sessions.close_draft(tx, draft.run_id)
    if not message.parts:
        return None
    _, stored = sessions.append(tx, draft.session, message, status="partial", run_id=draft.run_id)
    return stored.id


def _output_tokens(message: Message | None) -> int:
    return tokens.estimate_answer(message) if message else 0


def _alone(cost: Decimal | None) -> ledger.Cost:
    return ledger.Cost(cost or Decimal(0), unknown_calls=int(cost is None))
