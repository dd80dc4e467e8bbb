"""Puts right what dead processes left: of each call that one was at, a partial answer and a charge, or neither.

Tool calls that one was at get a result that says so, and the conversation can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial

from agentctl import log
from agentctl.assembly import assemble, load_deltas
from agentctl.attempt import Spent
from agentctl.charging import Terms, charge
from agentctl.economy import ledger
from agentctl.economy.billing import billed_card
from agentctl.economy.catalog import Catalog
from agentctl.errors import StorageError
from agentctl.messages import Message, Part
from agentctl.store import sessions, toolcalls
from agentctl.store.base import Database, LockBusyError, Transaction
from agentctl.store.sessions import Draft
from agentctl.store.toolcalls import BROKE_OFF, Round
from agentctl.usage import UsageStatus


def recover(db: Database, catalog: Catalog, *, held: str | None = None) -> None:
    """Make a partial answer and a charge of each call that a dead process left open; one it had not sent costs nothing.

    Tool calls without a result get one.

    `held` is a lock that the caller holds itself.
    """
    calls, rounds = db.read(lambda tx: (ledger.open_calls(tx), toolcalls.open_rounds(tx)))
    work: list[tuple[str, Callable[[Transaction], None]]] = [
        *((left.call.session_id or left.call.call_id, partial(_fold, left=left, catalog=catalog)) for left in calls),
        *((left.place.id if left.place else left.run_id, partial(_conclude, left=left)) for left in rounds),
    ]
    for name, fold in work:
        try:
            with suppress(LockBusyError), nullcontext() if name == held else db.lock(name, wait=0):
                db.write(fold)
        except (StorageError, ValueError) as error:  # one that is damaged keeps nobody from the others, nor from a chat
            log.warning("what a dead process left can't be put right", name=name, why=str(error))


def _conclude(tx: Transaction, left: Round) -> None:
    if toolcalls.is_open(tx, left):  # its process may have concluded it just before we had the lock
        toolcalls.fold(tx, left)


def _fold(tx: Transaction, left: ledger.OpenCall, catalog: Catalog) -> None:
    call = left.call
    if not ledger.is_open(tx, call):
        return  # its process settled it just before we had the lock
    draft = sessions.find_draft(tx, call.call_id)
    if not left.sent:
        sessions.close_draft(tx, call.call_id)
        ledger.release(tx, call)
        return
    asked = catalog.find(f"{call.provider}/{call.model}")
    if left.price_version not in {None, asked.version}:
        asked = replace(asked, prices=None)  # what it was promised to cost is known where it was asked, and not here
    unreported: tuple[Part, ...] = ()
    message_id = None
    if draft:
        unreported = _parts(draft.chunks[left.told.covered :], call.provider)
        parts = _parts(draft.chunks, call.provider)
        message_id = _store_partial(tx, draft, Message("assistant", parts, asked.name, "error"))
    told = left.told
    if left.capped:
        _charge_all(tx, left, asked.version, message_id)
        return
    status: UsageStatus = "partial" if told.usage else "estimated"
    spent = Spent(told.usage, status, unreported, told.answerer.model, told.answerer.response_id)
    terms = Terms(billed_card(catalog, asked, spent.model), left.usage.input, left.created_at)
    charge(tx, call, spent, terms, message_id)


def _charge_all(tx: Transaction, left: ledger.OpenCall, version: str | None, message_id: str | None) -> None:
    """Charge all that a call was allowed to cost: nobody was there to see where its provider stopped."""
    usage = replace(left.usage, reported=left.told.usage.reported if left.told.usage else None)
    answerer, at = left.told.answerer, left.created_at
    ledger.charge(tx, left.call, usage, left.cost, "estimated", version, message_id, answerer=answerer, at=at)


def _parts(chunks: Sequence[str], provider: str) -> tuple[Part, ...]:
    return assemble((delta for chunk in chunks for delta in load_deltas(chunk)), provider)


def _store_partial(tx: Transaction, draft: Draft, message: Message) -> str | None:
    sessions.close_draft(tx, draft.run_id)
    if not message.parts:
        return None
    session, stored = sessions.append(tx, draft.session, message, status="partial", run_id=draft.run_id)
    if message.calls:
        toolcalls.skip(tx, Round(draft.run_id, session), message.calls, BROKE_OFF)
    return stored.id
