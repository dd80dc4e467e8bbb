"""Records turns in the database: the conversation, and what each call cost. Joins the sessions and the ledger.

A turn holds the lock of its session. So a draft whose session is not locked belongs to a process that died:
`agentctl.recovery` makes a message and a charge of it. Where a lock can be lost, with the connection to a server, that
may be done to one that lives: then its answer is stored on a branch of its own, and what it cost is put right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from agentctl import log
from agentctl.admission import Fitted, Gate
from agentctl.assembly import dump_deltas
from agentctl.attempt import Spent
from agentctl.charging import Terms, charge, correct
from agentctl.draft import Piece
from agentctl.economy import ledger, money, pricing
from agentctl.economy.billing import Bill, bill, billed_card
from agentctl.economy.catalog import Catalog, ModelCard
from agentctl.economy.ledger import Answerer, Told
from agentctl.events import Receipt
from agentctl.messages import Message
from agentctl.providers.base import Request
from agentctl.store import sessions, toolcalls
from agentctl.store.base import Database, Transaction
from agentctl.store.sessions import MessageStatus, Session
from agentctl.store.toolcalls import BROKE_OFF, Round
from agentctl.uninterrupted import uninterrupted
from agentctl.usage import Usage, UsageStatus

T = TypeVar("T")


Notify = Callable[[str], None]
Work = Callable[[Transaction], None]


def _ignore(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is about to be sent.

    `call.session_id` is None where the conversation is not kept, and `session` also where it is about to begin.
    `opening` are the messages that are new with this turn, and `input_tokens` the estimated tokens of all that is sent.
    `gate` lets it through if it fits the model. `tools` is whether the tool calls of the answer are going to be run.
    `aside` is whether the answer is no part of the conversation: it is booked under `call.session_id`, and not stored.
    `beside` is what else is recorded as the turn begins.
    """

    call: ledger.Call
    card: ModelCard
    session: Session | None
    opening: tuple[Message, ...]
    input_tokens: int
    gate: Gate
    tools: bool = False
    aside: bool = False
    beside: Work | None = None


class DatabaseJournal:
    """`agent.Journal` over a database, for one turn.

    Args:
        db: where the turn is recorded.
        catalog: what it costs, should another model answer than `turn` asks.
        turn: what is about to be sent.
        notify: told what the user should know.
    """

    def __init__(self, db: Database, catalog: Catalog, turn: Turn, notify: Notify = _ignore) -> None:
        self._db = db
        self._catalog = catalog
        self._turn = turn
        self._notify = notify
        self._call = turn.call
        self._fitted: Fitted | None = None
        self._session: Session | None = None
        self._round = Round(turn.call.call_id, None)
        self._chunks = self._sent_at = 0
        self._begun = self._taken = False
        self._earlier: Bill | None = None  # for the attempts before this one
        self._billed: Bill | None = None  # for all of them

    @property
    def begun(self) -> bool:
        """Whether the turn is in the database."""
        return self._begun

    @property
    def round(self) -> Round:
        """The tool calls of the answer, once that is settled."""
        return self._round

    @property
    def cost(self) -> Decimal:
        """What the turn has cost in dollars, as far as that is known."""
        return (self._billed and self._billed.cost) or Decimal(0)

    async def begin(self, request: Request) -> Request:
        """Record the opening messages, an empty draft and the reservation of the call, all or nothing."""
        fitted = await self._turn.gate.fit(request)
        self._fitted = await self._enter(fitted, self._open)
        self._begun = True
        for note in self._fitted.notes:
            self._notify(note)
        return self._fitted.request

    async def _enter(self, fitted: Fitted, prepare: Work, *, fixed: bool = False) -> Fitted:  # noqa: ARG002
        """Reserve an attempt, and `prepare` what belongs with it, in one transaction; return what may be sent.

        `fixed` is whether the request can't be changed any more.
        """
        await self._write(lambda tx: self._reserve(tx, prepare))
        return fitted

    def _reserve(self, tx: Transaction, prepare: Work) -> None:
        prepare(tx)
        estimate = Usage(uncached_input=self._turn.input_tokens)
        card = self._turn.card
        ledger.reserve(tx, self._call, estimate, pricing.price(estimate, card), card.version)

    def _open(self, tx: Transaction) -> None:
        turn, session = self._turn, self._turn.session
        if turn.call.session_id and not turn.aside:
            session = session or sessions.create(tx, session_id=turn.call.session_id)
            for message in turn.opening:
                session, _ = sessions.append(tx, session, message)
            sessions.open_draft(tx, session, turn.call.call_id)
        if turn.beside:
            turn.beside(tx)
        self._session = session

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        return await uninterrupted(asyncio.wrap_future(self._db.submit(work)))

    async def send(self) -> None:
        """Record that the request is on its way."""
        call, self._sent_at = self._call, ledger.now()
        await asyncio.wrap_future(self._db.submit(lambda tx: ledger.send(tx, call)))

    async def draft(self, piece: Piece) -> None:
        """Record more of the answer where the conversation is kept, and what the provider tells in any case."""
        counted, since = (
            [dump_deltas(deltas)] if deltas and self._session else [] for deltas in (piece.counted, piece.deltas)
        )
        chunks = list(enumerate(counted + since, self._chunks))
        covered, call = self._chunks + len(counted), self._call
        self._chunks += len(chunks)
        told = None
        if piece.start or piece.usage:
            answerer = Answerer(piece.start.model, piece.start.response_id) if piece.start else Answerer()
            told = Told(answerer, piece.usage, covered)
        if chunks or told:
            await asyncio.wrap_future(self._db.submit(lambda tx: _add(tx, call, chunks, told)))

    async def fail(self, spent: Spent | None) -> None:
        """Charge or release the attempt that failed. Until the next one is reserved nothing of the turn is open."""
        self._earlier = await self._write(lambda tx: self._fail(tx, spent))

    def _fail(self, tx: Transaction, spent: Spent | None) -> Bill | None:
        if self._session:
            sessions.close_draft(tx, self._call.call_id)
        if spent is None:
            self._let_go(tx)
            return self._earlier
        return self._sum(self._charge(tx, spent, None))

    async def again(self) -> None:
        """Reserve the next attempt."""
        self._call, self._chunks = replace(self._call, attempt=self._call.attempt + 1), 0
        if self._fitted:
            await self._enter(self._fitted, self._reopen, fixed=True)

    def _reopen(self, tx: Transaction) -> None:
        if self._session:
            sessions.open_draft(tx, self._session, self._call.call_id)

    async def settle(self, message: Message | None, spent: Spent) -> Receipt:
        """Replace the draft by the message, and the reservation by what the attempt cost."""
        receipt = await asyncio.wrap_future(self._db.submit(lambda tx: self._settle(tx, message, spent)))
        if self._taken and self._session:
            self._notify(_TAKEN.format(self._session.id))
        log.info(
            "call settled",
            call_id=self._call.call_id,
            session_id=self._call.session_id,
            model=receipt.model,
            status=spent.status,
            attempts=receipt.attempts,
            stop_reason=message.stop_reason if message else None,
            cost_usd=None if receipt.cost is None else money.format_usd(receipt.cost),
            **receipt.usage.buckets(),
        )
        return receipt

    def _settle(self, tx: Transaction, message: Message | None, spent: Spent) -> Receipt:
        message_id = self._close(tx, message)
        billed = self._sum(self._charge(tx, spent, message_id))
        return self._receipt(billed, spent.status, self._total(tx, billed), message_id)

    def _charge(self, tx: Transaction, spent: Spent, message_id: str | None) -> Bill:
        card = billed_card(self._catalog, self._turn.card, spent.model)
        terms = Terms(card, self._turn.input_tokens)
        if taken := ledger.charged(tx, self._call):
            self._taken = True
            return correct(tx, taken, spent, terms)
        billed = self._book(tx, spent, terms, message_id)
        if self._fitted and spent.usage and card.costs:
            self._compare(tx, self._fitted.request, spent, spent.usage, card)
        return billed

    def _book(self, tx: Transaction, spent: Spent, terms: Terms, message_id: str | None) -> Bill:
        return charge(tx, self._call, spent, terms, message_id)

    def _compare(self, tx: Transaction, request: Request, spent: Spent, usage: Usage, card: ModelCard) -> None:
        """Keep what the provider's cache did for the call, and what tells the next one why it missed."""
        from agentctl.economy.cachebook import Used, record  # noqa: PLC0415 - what is free is cached for nothing
        from agentctl.economy.footprints import footprint  # noqa: PLC0415

        used = Used(usage, card, self._turn.card.cache_min, spent.model, spent.response_id)
        kept = request.cache is not None and (request.cache.implicit or request.cache.breakpoints)
        record(tx, self._call, used, footprint(request, self._call.provider, self._sent_at) if kept else None)

    def _sum(self, billed: Bill) -> Bill:
        return self._earlier + billed if self._earlier else billed

    def _total(self, tx: Transaction, billed: Bill) -> ledger.Cost:
        """What the session has cost; the call alone where it is not kept."""
        if self._session:
            return ledger.session_cost(tx, self._session.id)
        return ledger.Cost(billed.cost or Decimal(0), unknown_calls=int(billed.cost is None))

    def _receipt(self, billed: Bill, status: UsageStatus, total: ledger.Cost, message_id: str | None = None) -> Receipt:
        self._billed = billed
        return Receipt(
            model=self._turn.card.name,
            usage=billed.usage,
            status=status,
            cost=billed.cost,
            session_cost=None if total.unknown_calls else total.known,
            session_cost_known=total.known,
            message_id=message_id,
            computed_cost=billed.computed,
            reported_cost=billed.reported,
            attempts=self._call.attempt,
        )

    def _close(self, tx: Transaction, message: Message | None) -> str | None:
        if self._session is None:
            if message and message.calls and self._turn.tools and not _is_partial(message):
                toolcalls.ask(tx, self._round, message.calls)
            return None
        sessions.close_draft(tx, self._call.call_id)
        if message is None:
            return None
        status: MessageStatus = "partial" if _is_partial(message) else "final"
        session, stored = sessions.append(tx, self._session, message, status=status, run_id=self._call.call_id)
        self._round = Round(self._call.call_id, session)
        if message.calls and status == "partial":
            toolcalls.skip(tx, self._round, message.calls, BROKE_OFF)
        elif message.calls and self._turn.tools:
            toolcalls.ask(tx, self._round, message.calls)
        return stored.id

    async def release(self) -> Receipt:
        """Let go of the draft and the reservation; what is left is what earlier attempts cost."""
        if not self._begun:
            return await asyncio.to_thread(self._db.read, self._untouched)
        return await asyncio.wrap_future(self._db.submit(self._release))

    def _untouched(self, tx: Transaction) -> Receipt:
        """The receipt of what was never begun."""
        self._session = self._turn.session
        return replace(self._receipt(_NOTHING, "final", self._total(tx, _NOTHING)), attempts=0)

    def _release(self, tx: Transaction) -> Receipt:
        self._close(tx, None)
        self._let_go(tx)
        billed = self._earlier or _NOTHING
        return self._receipt(billed, "partial" if self._earlier else "final", self._total(tx, billed))

    def _let_go(self, tx: Transaction) -> None:
        if ledger.is_open(tx, self._call):
            ledger.release(tx, self._call)


def _is_partial(message: Message) -> bool:
    return message.stop_reason in {"cancelled", "error"}


def _add(tx: Transaction, call: ledger.Call, chunks: Iterable[tuple[int, str]], told: Told | None) -> None:
    if not ledger.is_open(tx, call):
        return  # it was taken for that of a dead process, whose draft is a message by now; the answer comes as a whole
    for seq, chunk in chunks:
        sessions.add_draft(tx, call.call_id, seq, chunk)
    if told:
        ledger.hear(tx, call, told)


_TAKEN = (
    "another process took this turn for one that had died, when the connection to the database was lost: "
    "the answer is on a branch of its own (agentctl sessions branches {})"
)
_NOTHING = bill(Usage(), Decimal(0))
