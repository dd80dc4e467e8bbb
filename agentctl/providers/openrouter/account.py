"""What a key at OpenRouter has used and may still use. Pure.

Sources: openrouter 1.3 operations/getcurrentkey.py, operations/getcredits.py and components/keybudget.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from agentctl.providers.codec import Query
from agentctl.providers.counts import Object, dollars, inside, items

KEY = Query("/key")
CREDITS = Query("/credits")

Window = Literal["day", "week", "month"]
_WINDOWS: Mapping[Window, str] = {"day": "daily", "week": "weekly", "month": "monthly"}
_SCARCE = 10  # a limit is scarce when less than a tenth of it is left


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount that may be spent, and what is left of it, in dollars; `what` names it."""

    what: str
    total: Decimal
    left: Decimal

    @property
    def scarce(self) -> bool:
        """Whether less than 10 % is left."""
        return self.left * _SCARCE < self.total


@dataclass(frozen=True, slots=True)
class Account:
    """What a key has used and may still use.

    Args:
        used: dollars by window of UTC: this day, this week (from Monday), this month; with what keys of the user's own
            at the providers behind were billed.
        limits: what may be spent: of the key, of budgets, and the credits; none where nothing is limited.
        label: how OpenRouter shows the key.
    """

    used: Mapping[Window, Decimal] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    label: str = ""


def read(key: Mapping[str, Any], credit: Mapping[str, Any] | None) -> Account:
    """Return what the answers to `KEY` and `CREDITS` say; the second is None where the key may not ask it."""
    data = inside(key.get("data"))
    label = data.get("label")
    used = {window: _sum(data, f"usage_{name}", f"byok_usage_{name}") for window, name in _WINDOWS.items()}
    limits = (*_of_key(data), *_of_budgets(data), *_of_credit(inside(inside(credit).get("data"))))
    return Account(
        {window: amount for window, amount in used.items() if amount is not None},
        limits,
        label if isinstance(label, str) else "",
    )


def _sum(data: Object, *names: str) -> Decimal | None:
    amounts = [amount for name in names if (amount := dollars(data.get(name))) is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def _of_key(data: Object) -> Iterator[Limit]:
    total, left = dollars(data.get("limit")), _left(data.get("limit_remaining"))
    if total is not None and left is not None:
        reset = data.get("limit_reset")
        yield Limit(f"limit of the key{f', {reset}' if isinstance(reset, str) else ''}", total, left)


def _of_budgets(data: Object) -> Iterator[Limit]:
    for budget in map(inside, items(data.get("budgets"))):
        total, left, scope = dollars(budget.get("limit_usd")), _left(budget.get("remaining_usd")), budget.get("scope")
        if total is not None and left is not None and isinstance(scope, str) and scope != "key_limit":
            yield Limit(f"budget {scope}", total, left)


def _of_credit(data: Object) -> Iterator[Limit]:
    total, used = dollars(data.get("total_credits")), dollars(data.get("total_usage"))
    if total is not None and used is not None:
        yield Limit("credits", total, total - used)


def _left(value: object) -> Decimal | None:
    """What is left, which is less than nothing where more was spent than allowed."""
    if isinstance(value, int | float) and value < 0:
        owed = dollars(-value)
        return None if owed is None else -owed
    return dollars(value)
