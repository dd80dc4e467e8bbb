"""What every call used and cost: an append-only ledger.

Each attempt at a call is reserved before it is sent, then charged with what it used, or released if nothing is billed.
What it cost is what the provider says it charged, with the answer or later (`economy.reconciling`), else what was
computed; both are kept. Money is `Decimal` dollars here and whole pico-dollars in the database; a cost of None is
unknown, as is one that 64 bits of pico-dollars can't hold: no answer is lost over what it cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from agentctl.economy.money import from_pico, is_storable, to_pico
from agentctl.ids import new_id
from agentctl.store.base import Row, Transaction
from agentctl.usage import Usage, UsageStatus, dump_raw, dump_usage, load_usage

_MILLI = 10**9  # pico-dollars
_LONGEST = 500  # characters of a name that a provider gives


@dataclass(frozen=True)
class Call:
    """One attempt at a request to a model. `session_id` is None where the conversation is not kept."""

    call_id: str
    session_id: str | None
    provider: str
    model: str
    attempt: int = 1
    tag: str | None = None


@dataclass(frozen=True)
class Answerer:
    """Who answered a call: the name that the model gives itself, and the provider's name for the answer, if known."""

    model: str | None = None
    response_id: str | None = None


_NOBODY = Answerer()


@dataclass(frozen=True)
class Told:
    """What the provider of a call that is under way has said of it.

    Args:
        answerer: who had begun to answer.
        usage: what it has used so far; None if that was not said.
        covered: how many pieces of the draft are counted in `usage`, from the first on.
    """

    answerer: Answerer = _NOBODY
    usage: Usage | None = None
    covered: int = 0


@dataclass(frozen=True)
class OpenCall:
    """A call that was reserved and not settled since: it is under way, or its process died.

    `usage` and `cost` are what was reserved, `created_at` epoch µs, `told` what the provider had said.

    Args:
        sent: whether the request was on its way; if not, nobody bills it.
        capped: whether the reservation is the most that the call was allowed to cost, under a budget.
        price_version: the version of the prices that it is to be charged by; None if that is not known.
    """

    call: Call
    usage: Usage
    cost: Decimal | None
    created_at: int
    told: Told
    sent: bool
    capped: bool
    price_version: str | None = None


@dataclass(frozen=True)
class Cost:
    """A sum of costs: the known part in dollars, and how many calls of unknown cost come on top."""

    known: Decimal
    unknown_calls: int

    @property
    def total(self) -> Decimal | None:
        """The whole sum in dollars; None if a part of it is unknown."""
        return None if self.unknown_calls else self.known


def reserve(tx: Transaction, call: Call, usage: Usage, cost: Decimal | None, price_version: str | None = None) -> None:
    """Record that `call` is about to be sent, with what it may use and cost; `economy.budget` does so under limits.

    `price_version` is that of the prices it is to be charged by, for whoever has to settle it should its process die.
    """
    entry_id = _add(tx, call, _Entry("reserve", usage, cost, "estimated", price_version))
    tx.execute("ledger.open", id=entry_id, capped=0)


def send(tx: Transaction, call: Call) -> None:
    """Record that the request of `call` is on its way: from here on its provider may bill it."""
    tx.execute("ledger.send", call_id=call.call_id, attempt=call.attempt)


def hear(tx: Transaction, call: Call, told: Told) -> None:
    """Record what its provider says of `call`, as long as that is open; what it leaves unsaid stays as it was."""
    tx.execute(
        "ledger.hear",
        call_id=call.call_id,
        attempt=call.attempt,
        response_id=_label(told.answerer.response_id or None),
        answered_by=_label(told.answerer.model or None),
        usage=None if told.usage is None else dump_usage(told.usage),
        covered=told.covered,
    )


def charge(  # noqa: PLR0917 - in the order in which one tells it: who, how much, how sure, where to
    tx: Transaction,
    call: Call,
    usage: Usage,
    cost: Decimal | None,
    status: UsageStatus,
    price_version: str | None,
    message_id: str | None,
    *,
    answerer: Answerer = _NOBODY,
    at: int | None = None,
) -> None:
    """Record what `call` used and cost, once.

    Args:
        tx: a transaction.
        call: who is charged.
        usage: what it used, and what the provider says it charged.
        cost: what that costs by our prices, in dollars.
        status: how sure that is.
        price_version: the version of those prices.
        message_id: the answer.
        answerer: who answered.
        at: when, in epoch µs; now if None.
    """
    _add(tx, call, _Entry("charge", usage, cost, status, price_version, message_id, answerer), at)
    tx.execute("ledger.close", call_id=call.call_id, attempt=call.attempt)


def release(tx: Transaction, call: Call) -> None:
    """Record that `call` is not billed: it was refused, or never sent."""
    _add(tx, call, _Entry("release", Usage(), Decimal(0), "final"))
    tx.execute("ledger.close", call_id=call.call_id, attempt=call.attempt)


def is_open(tx: Transaction, call: Call) -> bool:
    """Whether `call` was reserved and not settled since."""
    return tx.one("ledger.is_open", call_id=call.call_id, attempt=call.attempt) is not None


def charged(tx: Transaction, call: Call) -> str | None:
    """Return the id of the entry by which `call` was charged; None if it was not."""
    row = tx.one("ledger.charged", call_id=call.call_id, attempt=call.attempt)
    return str(row["id"]) if row else None


def open_calls(tx: Transaction) -> list[OpenCall]:
    """Return the calls that were reserved and not settled since, oldest first."""
    return [_open_call(row) for row in tx.all("ledger.open_calls")]


def session_cost(tx: Transaction, session_id: str) -> Cost:
    """Return what a session has cost so far."""
    row = tx.one("ledger.session_cost", session_id=session_id)
    return Cost(from_pico(pico_of(row)), row["unknown_calls"]) if row else Cost(Decimal(0), 0)


@dataclass(frozen=True)
class _Entry:
    kind: Literal["reserve", "charge", "release"]
    usage: Usage
    cost: Decimal | None
    status: UsageStatus
    price_version: str | None = None
    message_id: str | None = None
    answerer: Answerer = _NOBODY


def _add(tx: Transaction, call: Call, entry: _Entry, at: int | None = None) -> str:
    entry_id, answered_by = new_id(), _label(entry.answerer.model)
    tx.execute(
        "ledger.add",
        id=entry_id,
        session_id=call.session_id,
        message_id=entry.message_id,
        call_id=call.call_id,
        attempt=call.attempt,
        kind=entry.kind,
        status=entry.status,
        provider=call.provider,
        model=call.model,
        **entry.usage.buckets(),
        raw_usage=dump_raw(entry.usage),
        computed_pusd=stored(entry.cost),
        reported_pusd=stored(entry.usage.reported),
        price_version=entry.price_version,
        tag=call.tag,
        now=now() if at is None else at,
        service_tier=entry.usage.service_tier,
        response_id=_label(entry.answerer.response_id),
        answered_by=None if answered_by == call.model else answered_by,
    )
    return entry_id


def now() -> int:
    """This moment in epoch µs."""
    return time.time_ns() // 1000


def stored(cost: Decimal | None) -> int | None:
    """A cost as the ledger keeps it, in whole pico-dollars; None is unknown."""
    return None if cost is None or not is_storable(cost) or cost < 0 else to_pico(cost)


def _label(name: str | None) -> str | None:
    """A name that a provider gave, as far as every database can keep it; nothing is lost over an odd one."""
    return name and name[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "?")


def _open_call(row: Row) -> OpenCall:
    call = Call(row["call_id"], row["session_id"], row["provider"], row["model"], row["attempt"], row["tag"])
    cost = None if row["computed_pusd"] is None else from_pico(row["computed_pusd"])
    usage = None if row["usage"] is None else load_usage(row["usage"])
    told = Told(Answerer(row["answered_by"], row["response_id"]), usage, row["covered"])
    return OpenCall(
        call, usage_of(row), cost, row["created_at"], told, bool(row["sent"]), bool(row["capped"]), row["price_version"]
    )


def usage_of(row: Row) -> Usage:
    """Return the buckets of a ledger row, or of a sum of rows."""
    return Usage(
        row["uncached_input"], row["cache_read"], row["cache_write_short"], row["cache_write_long"], row["output"]
    )


def pico_of(row: Row) -> int:
    """Return the pico-dollars of a sum of rows."""
    pico: int = row["known_musd"] * _MILLI + row["known_rest"]
    return pico
