"""What an attempt is charged: what its provider reported, and of what it did not an estimate."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from agentctl.attempt import Spent
from agentctl.economy import ledger, pricing, tokens
from agentctl.economy.billing import Bill, bill
from agentctl.economy.catalog import ModelCard
from agentctl.economy.ledger import Answerer
from agentctl.errors import StorageError
from agentctl.store.base import Transaction
from agentctl.usage import Usage


@dataclass(frozen=True, slots=True)
class Terms:
    """What an attempt is charged by: the prices of who answered, the estimated input, and when; now if `at` is None."""

    card: ModelCard
    input_tokens: int
    at: int | None = None


def charge(tx: Transaction, call: ledger.Call, spent: Spent, terms: Terms, message_id: str | None) -> Bill:
    """Charge an attempt and close it; return what it is billed."""
    usage, cost = _used(spent, terms)
    version, answerer = terms.card.version, Answerer(spent.model, spent.response_id)
    ledger.charge(tx, call, usage, cost, spent.status, version, message_id, answerer=answerer, at=terms.at)
    return bill(usage, cost)


def correct(tx: Transaction, charge_id: str, spent: Spent, terms: Terms) -> Bill:
    """Put right the charge of an attempt that was taken for one of a dead process; return what it is billed."""
    from agentctl.economy import reconciling  # noqa: PLC0415 - hardly any process is taken for dead

    usage, cost = _used(spent, terms)
    true = cost if usage.reported is None else usage.reported
    with suppress(StorageError):  # what its provider had reported by then stands
        reconciling.report(tx, charge_id, replace(usage, reported=true))
    return bill(usage, cost)


def _used(spent: Spent, terms: Terms) -> tuple[Usage, Decimal | None]:
    """What an attempt used, and what that costs by our prices."""
    known = spent.usage or Usage(uncached_input=terms.input_tokens)
    usage = replace(known, output=known.output + tokens.estimate_parts(spent.unreported))
    return usage, pricing.price(usage, terms.card, terms.at)
