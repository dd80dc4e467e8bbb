"""What an attempt is charged: what its provider reported, and of what it did not an estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentctl.attempt import Spent
from agentctl.economy import ledger, pricing, tokens
from agentctl.economy.billing import Bill, bill
from agentctl.economy.catalog import ModelCard
from agentctl.economy.ledger import Answerer
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
    known = spent.usage or Usage(uncached_input=terms.input_tokens)
    usage = replace(known, output=known.output + tokens.estimate_parts(spent.unreported))
    cost = pricing.price(usage, terms.card, terms.at)
    version, answerer = terms.card.version, Answerer(spent.model, spent.response_id)
    ledger.charge(tx, call, usage, cost, spent.status, version, message_id, answerer=answerer, at=terms.at)
    return bill(usage, cost)
