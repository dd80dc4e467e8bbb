"""What a call may spend: the most that it can cost, reserved in the ledger as far as the budgets allow it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from decimal import Decimal

from agentctl.admission import Fitted, prompt_of
from agentctl.economy import allowance, budget, ledger
from agentctl.economy.allowance import Grant, Refusal, Wait
from agentctl.economy.budget import Account, Limits, Spending
from agentctl.economy.cards import ModelCard
from agentctl.economy.ledger import Call
from agentctl.economy.money import dollars, from_pico
from agentctl.economy.tokens import counting
from agentctl.economy.worst import longest_answer, media_of, worst
from agentctl.errors import BudgetError
from agentctl.providers.base import Request
from agentctl.store.base import Transaction
from agentctl.usage import Usage

_BEYOND = 2**63 - 1  # pico-dollars: more than any budget
_WORTH_COUNTING = 2_000  # tokens of a bound below which an exact count saves too little to wait for it


@dataclass(frozen=True, slots=True)
class Inexact:
    """A bound was too rough to decide by: the tokens are to be counted."""


Verdict = Grant | Wait | Refusal | Inexact


@dataclass(frozen=True, slots=True)
class Purse:
    """What calls to a model may spend.

    Args:
        cards: what is known of the model, and of those that may answer in its place.
        limits: the budgets, of which there is one at least.
        source: the session that a conversation goes on with without being kept.
        others: the most tokens of input that the request has by the tokenizers of all but the first.
    """

    cards: tuple[ModelCard, ...]
    limits: Limits
    source: str | None = None
    others: tuple[int, ...] = ()

    def opened(self, request: Request) -> Purse:
        """Return what decides on a request.

        Raises:
            BudgetError: the price of a model is unknown.
        """
        for card in self.cards:
            if worst(1, 1, card)[1] is None:
                raise BudgetError(
                    f"there is a budget, and the price of {card.name} is unknown",
                    hint=f"""agentctl config set 'models."{card.name}".input' 0.15, and .output: in $/MTok""",
                )
        prompt = prompt_of(request)
        return replace(self, others=tuple(counting.bound(prompt, card.name) for card in self.cards[1:]))

    def decide(
        self, tx: Transaction, call: Call, fitted: Fitted, spending: Spending, *, patient: bool, fixed: bool = False
    ) -> Verdict:
        """Decide by the budgets whether the call may be sent now.

        Args:
            tx: a transaction.
            call: what is to be sent.
            fitted: its request.
            spending: what the command and the call have cost so far.
            patient: whether it can wait for others.
            fixed: whether the request can't be changed any more.
        """
        kept = call.session_id is not None
        accounts = budget.standing(tx, self.limits, call.session_id or self.source, spending, kept=kept)
        wanted = longest_answer(fitted.request.max_output, fitted.request.output_ceiling)
        verdict = allowance.decide(
            accounts, lambda output: self._worst(fitted, output)[1], wanted, patient=patient, fixed=fixed
        )
        whole = isinstance(verdict, Grant) and verdict.account is None
        rough = not (fitted.counted or fixed) and fitted.bound > _WORTH_COUNTING
        return Inexact() if rough and not whole else verdict

    def reserve(self, tx: Transaction, call: Call, fitted: Fitted, grant: Grant) -> tuple[Usage, Decimal] | None:
        """Reserve what was granted; return that in tokens and dollars, None if another process was faster."""
        usage, cost = self._worst(fitted, grant.output)
        return (usage, from_pico(cost)) if budget.reserve(tx, call, usage, cost, self.limits) else None

    def clamped(self, fitted: Fitted, grant: Grant) -> Fitted:
        """Return the request as it may be sent: with an answer no longer than what was granted."""
        if self._worst(fitted, grant.output)[1] == self._worst(fitted, 0)[1]:
            return fitted  # a free answer may have any length
        request = replace(fitted.request, max_output=grant.output)
        if grant.account is None:
            return replace(fitted, request=request)
        note = f"the answer is limited to {grant.output:,} tokens: {remaining(grant.account)}"
        return replace(fitted, request=request, notes=(*fitted.notes, note))

    def refused(self, refusal: Refusal) -> BudgetError:
        """The error that says which budget is in the way, what is left of it and when it resets."""
        account, least = refusal.account, _dollars(refusal.least)
        others = f" or {' or '.join(card.name for card in self.cards[1:])}" if self.cards[1:] else ""
        return BudgetError(
            f"{self.cards[0].name}{others}: this call may cost {least} or more, and {remaining(account)}",
            hint=_way_out(account),
        )

    def waits(self, wait: Wait) -> str:
        """What to tell the user meanwhile."""
        return f"waiting for calls under way: {_dollars(wait.account.reserved)} {_OF[wait.account.scope]} is reserved"

    def _worst(self, fitted: Fitted, output: int) -> tuple[Usage, int]:
        """The dearest of what the models would cost, in pico-dollars."""
        kinds = media_of(fitted.request.messages)
        bounds = (fitted.bound, *self.others)
        found = (worst(most, output, card, media=kinds) for most, card in zip(bounds, self.cards, strict=True))
        pico = ((usage, ledger.stored(cost)) for usage, cost in found)
        return max(((usage, _BEYOND if cost is None else cost) for usage, cost in pico), key=lambda one: one[1])


_OF = {
    "command": "of --max-cost",
    "call": "of the budget of a call",
    "session": "of the session's budget",
    "day": "of today's budget",
    "month": "of this month's budget",
}


def remaining(account: Account) -> str:
    """What is left of a limit, in words."""
    reserved = f", {_dollars(account.reserved)} being reserved by calls under way" if account.reserved else ""
    return f"{_dollars(max(account.left, 0))} of {_dollars(account.limit)} {_OF[account.scope]} is left{reserved}"


def _way_out(account: Account) -> str:
    if account.scope == "command":
        return "a higher --max-cost, a shorter prompt, a lower --max-output, or a cheaper model"
    resets = "a longer --budget-wait; " if account.reserved else ""
    if account.resets_at is not None:
        moment = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(account.resets_at // 1_000_000))
        resets += f"it resets at {moment}; "
    return f"{resets}agentctl budget set {account.scope} …, a shorter prompt, a lower --max-output, or a cheaper model"


def _dollars(pico: int) -> str:
    return dollars(from_pico(pico))
