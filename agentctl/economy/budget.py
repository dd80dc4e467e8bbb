"""What calls may cost: the limits that hold, how much of each is spent and reserved, and reservations within them.

A call reserves the most that it can cost before it is sent, in one statement that fails where a limit would be passed,
and one process at a time. So no number of processes can pass one together, as long as no call costs more than it
reserved. Limits of a day and of a month count charges by the moment they are booked at, and all that is reserved just
now, whenever that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Literal

from agentctl.economy import ledger
from agentctl.economy.days import day_of, month_of, start_of
from agentctl.economy.ledger import Call
from agentctl.economy.money import to_pico
from agentctl.economy.periods import QUARTER
from agentctl.ids import new_id
from agentctl.store.base import Transaction
from agentctl.usage import Usage

Scope = Literal["command", "call", "session", "day", "month"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most dollars by scope, None for no limit.

    Args:
        command: of all calls of one command; `spending` of `standing` counts against it.
        earlier: what the command has cost before its present conversation, which counts against `command` as well.
        zone: where days and months begin; None for this machine's own time.
    """

    command: Decimal | None = None
    call: Decimal | None = None
    session: Decimal | None = None
    day: Decimal | None = None
    month: Decimal | None = None
    zone: tzinfo | None = None
    earlier: Decimal = Decimal(0)

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return any(getattr(self, scope) is not None for scope in ("command", "call", "session", "day", "month"))


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Account:
    """One limit and what counts against it, in pico-dollars.

    `reserved` is what calls under way may yet cost; `resets_at`, epoch µs, is when the limit is whole again, None if
    waiting does not help.
    """

    scope: Scope
    limit: int
    spent: int = 0
    reserved: int = 0
    resets_at: int | None = None

    @property
    def settled(self) -> int:
        """What would be left if all that is reserved were let go."""
        return self.limit - self.spent

    @property
    def left(self) -> int:
        """What can be reserved now."""
        return self.settled - self.reserved


@dataclass(frozen=True, slots=True)
class Spending:
    """What a command, and its present call, have cost so far, in pico-dollars."""

    command: int = 0
    call: int = 0


NOTHING = Spending()


def standing(
    tx: Transaction,
    limits: Limits,
    session_id: str | None,
    spending: Spending = NOTHING,
    *,
    kept: bool = True,
    now: int | None = None,
) -> tuple[Account, ...]:
    """Return an account for each limit that holds.

    Args:
        tx: a transaction.
        limits: what holds.
        session_id: whose limit counts.
        spending: what the command and the call have cost so far.
        kept: whether they are booked to that session; if not, what the command has cost counts on top.
        now: in epoch µs; the clock's if None.
    """
    now = ledger.now() if now is None else now
    slots, ends = _slots(limits, now)
    row = tx.one("budget.standing", session_id=session_id, **slots) or {}
    spent = {"command": spending.command + to_pico(limits.earlier), "call": spending.call}
    spent |= {"day": row["day_spent"], "month": row["month_spent"]}
    spent["session"] = row["session_spent"] + (0 if kept and session_id else spending.command)
    reserved = {"session": row["session_reserved"], "day": row["reserved"], "month": row["reserved"]}
    scopes: tuple[Scope, ...] = ("command", "call", "session", "day", "month")
    return tuple(
        Account(scope, to_pico(most), spent[scope], reserved.get(scope, 0), ends.get(scope))
        for scope in scopes
        if (most := getattr(limits, scope)) is not None
    )


def reserve(tx: Transaction, call: Call, usage: Usage, cost: int, limits: Limits, *, now: int | None = None) -> bool:
    """Reserve `cost` pico-dollars, the most that `call` can cost, unless a limit of its session, day or month forbids.

    Args:
        tx: a transaction.
        call: what is about to be sent.
        usage: the most that it can use.
        cost: what that costs.
        limits: what holds.
        now: in epoch µs; the clock's if None.

    Returns:
        Whether it is reserved.
    """
    now = ledger.now() if now is None else now
    entry_id = new_id()
    slots, _ = _slots(limits, now)
    limit = {f"{scope}_limit": _pico(getattr(limits, scope)) for scope in ("session", "day", "month")}
    if call.session_id is None:
        limit["session_limit"] = None
    if not cost:  # what is free passes no limit, not even one that was passed before
        limit = dict.fromkeys(limit)
    tx.one("budget.lock")
    added = tx.execute(
        "budget.reserve",
        id=entry_id,
        owner_id=call.session_id,
        session_id=call.session_id,
        call_id=call.call_id,
        attempt=call.attempt,
        provider=call.provider,
        model=call.model,
        tag=call.tag,
        **usage.buckets(),
        cost=cost,
        now=now,
        **slots,
        **limit,
    )
    if added:
        tx.execute("ledger.open", id=entry_id, capped=1)
    return added == 1


def _slots(limits: Limits, now: int) -> tuple[dict[str, int], dict[str, int]]:
    """The slots of `usage_sums` in which the day and the month began, and when they end."""
    (day, day_end), (month, month_end) = day_of(now, limits.zone), month_of(now, limits.zone)
    starts = {"day": start_of(day, limits.zone), "month": start_of(month, limits.zone)}
    return {name: start // QUARTER for name, start in starts.items()}, {"day": day_end, "month": month_end}


def _pico(dollars: Decimal | None) -> int | None:
    return None if dollars is None else to_pico(dollars)
