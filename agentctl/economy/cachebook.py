"""The records of prompt caches: what calls saved by them, what they missed and why, and what the next is compared with.

Written in the transaction that charges a call. Money is `Decimal` dollars here and pico-dollars in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agentctl.economy import ledger
from agentctl.economy.footprints import Footprint
from agentctl.economy.kept import Kept, dump_body, dump_system, dump_tools, load_footprint, name_of
from agentctl.economy.misses import Before, Miss, Outcome, explain
from agentctl.economy.money import is_storable, to_pico
from agentctl.economy.pricing import Priced
from agentctl.economy.savings import effect, missed
from agentctl.ids import new_id
from agentctl.store.base import Row, Transaction
from agentctl.usage import Usage

_LONGEST = 500  # characters of a text or a path


@dataclass(frozen=True, slots=True)
class Used:
    """What a settled call used, for the records.

    Args:
        usage: its tokens, by which it was charged.
        card: the prices that it was charged by.
        cache_min: the fewest tokens that the model caches, if known.
        answered_by: who answered, by the name that it gave itself.
        response_id: the provider's name for the answer.
        told: whether the provider told that usage; an estimate says nothing of a cache.
        at: when it was charged, in epoch µs; now if None.
    """

    usage: Usage
    card: Priced
    cache_min: int | None = None
    answered_by: str | None = None
    response_id: str | None = None
    told: bool = True
    at: int | None = None

    @property
    def answerer(self) -> str | None:
        """Whose cache it was: behind a router that of the provider that served it."""
        return self.usage.served_by or self.answered_by


def record(tx: Transaction, call: ledger.Call, used: Used, footprint: Footprint | None = None) -> Miss | None:
    """Record what caches did for a call that is being charged, once; return what it missed, if anything.

    Where the conversation is not kept, or no footprint is given, nothing is compared.
    """
    if not used.told:
        return None
    now = ledger.now() if used.at is None else used.at
    usage = used.usage
    if usage.cache_read or usage.cache_write_short or usage.cache_write_long:
        _use(tx, call, used, now)
    if footprint is None or call.session_id is None:
        return None
    outcome = Outcome(usage, used.answerer)
    miss = explain(before(tx, call.session_id, call.provider, call.model), footprint, outcome, used.cache_min)
    if miss:
        _miss(tx, call, used, miss, now)
    _keep(tx, call.session_id, footprint, used)
    return miss


def before(tx: Transaction, session_id: str, provider: str, model: str) -> Before | None:
    """Return the last call to the model in a session, else the last one to any, None if there is none."""
    row = tx.one("caching.before", session_id=session_id, provider=provider, model=model)
    return _before(row) if row else None


def last_response(tx: Transaction, session_id: str, provider: str) -> str | None:
    """Return the provider's name for its last answer in a session, for it to compare the next request with."""
    row = tx.one("caching.last_response", session_id=session_id, provider=provider)
    return row["response_id"] if row else None


def pico_or_none(amount: Decimal | None) -> int | None:
    """Return dollars, also below 0, in whole pico-dollars; None if they are unknown or too many to be kept."""
    return None if amount is None or not is_storable(amount) else to_pico(amount)


def _use(tx: Transaction, call: ledger.Call, used: Used, now: int) -> None:
    found = effect(used.usage, used.card, used.at)
    tx.execute(
        "caching.use",
        now=now,
        call_id=call.call_id,
        attempt=call.attempt,
        session_id=call.session_id,
        provider=call.provider,
        model=call.model,
        saved_pusd=pico_or_none(found.saved),
        write_pusd=pico_or_none(found.writing),
    )


def _miss(tx: Transaction, call: ledger.Call, used: Used, miss: Miss, now: int) -> None:
    tx.execute(
        "caching.miss",
        id=new_id(),
        now=now,
        session_id=call.session_id,
        call_id=call.call_id,
        attempt=call.attempt,
        provider=call.provider,
        model=call.model,
        cause=miss.cause,
        text=_storable(miss.text),
        path=_storable(miss.path),
        told=_storable(miss.told),
        gap=miss.gap,
        tokens=miss.tokens,
        missed_pusd=pico_or_none(missed(used.usage, miss.tokens, used.card, used.at)),
    )


def _keep(tx: Transaction, session_id: str, footprint: Footprint, used: Used) -> None:
    tools, system = dump_tools(footprint), dump_system(footprint)
    for body in (tools, system):
        tx.execute("caching.keep_print", id=name_of(body), body=body)
    usage = used.usage
    tx.execute(
        "caching.keep_footprint",
        session_id=session_id,
        provider=footprint.provider,
        model=footprint.model,
        at=footprint.at,
        tools_id=name_of(tools),
        system_id=name_of(system),
        body=dump_body(footprint),
        uncached_input=usage.uncached_input,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write_short + usage.cache_write_long,
        answered_by=_storable(used.answerer),
        response_id=_storable(used.response_id),
    )


def _before(row: Row) -> Before:
    usage = Usage(row["uncached_input"], row["cache_read"], row["cache_write"])
    footprint = load_footprint(Kept(**{name: row[name] for name in Kept.__slots__}))
    return Before(footprint, Outcome(usage, row["answered_by"]))


def _storable(text: str | None) -> str | None:
    """A text that somebody else had a part in, as far as every database can keep it."""
    return text and text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "?")
