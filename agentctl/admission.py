"""Whether a request may be sent, and how: what fits its model, and what the budgets allow.

Counting exactly takes a tokenizer, which takes longer to load than most questions take to be sent. So a bound that
needs none is tried first; the tokens are counted where that does not settle it, and the provider itself is asked, where
it can be, when a ceiling lies within the error of the count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agentctl.economy import allowance, budget, ledger, preflight
from agentctl.economy.allowance import Grant, Refusal, Wait
from agentctl.economy.budget import NO_LIMITS, Account, Limits, Spending
from agentctl.economy.cards import ModelCard
from agentctl.economy.ledger import Call
from agentctl.economy.money import dollars, from_pico
from agentctl.economy.preflight import Counted
from agentctl.economy.tokens import counting
from agentctl.economy.tokens.prompt import Prompt
from agentctl.economy.worst import worst
from agentctl.errors import BudgetError, ProviderError
from agentctl.providers.base import Provider, Request
from agentctl.store.base import Transaction
from agentctl.usage import Usage

USUAL_OUTPUT = 32_000
"""Tokens that a call may answer with under a budget, where nobody wishes another limit and the model can do more."""

_SAFE_OUTPUT = 8_192  # tokens, where it is not known what the model can
_WORTH_COUNTING = 2_000  # tokens of a bound below which an exact count saves too little to wait for it


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that fits its model.

    Args:
        request: as it may be sent, as far as the model is concerned.
        bound: the most tokens of input that it can have.
        counted: whether that comes from a count.
        notes: what the user should know.
    """

    request: Request
    bound: int
    counted: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inexact:
    """A bound was too rough to decide by: the tokens are to be counted."""


@dataclass(frozen=True, slots=True)
class Told:
    """A number of tokens that is not to be doubted."""

    tokens: int
    error_bar: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Gate:
    """What lets requests through.

    Args:
        provider: who would answer.
        cards: what is known of the model, and of those that may answer in its place.
        limits: the budgets.
        candidates: gives the models that may be named where a request is too large for this one.
    """

    provider: Provider
    cards: tuple[ModelCard, ...]
    limits: Limits = NO_LIMITS
    candidates: Callable[[], Iterable[ModelCard]] = tuple

    async def fit(self, request: Request) -> Fitted:
        """Return the request as it fits the model.

        Raises:
            ContextOverflowError: it does not.
            BudgetError: there is a budget, and the price of the model is unknown.
        """
        self._check_prices()
        card = self.cards[0]
        bound = counting.bound(_prompt(request), card.name)
        most = Told(bound)
        settled = preflight.judge(most, card) in {"fits", "unknown"} and _has_room(bound, card, request)
        return self._fitted(request, most, bound, counted=False) if settled else await self.count(request)

    async def count(self, request: Request) -> Fitted:
        """`fit`, by a count of the tokens."""
        card = self.cards[0]
        count = await asyncio.to_thread(counting.count, _prompt(request), card.name)
        size: Counted = count
        if preflight.judge(count, card) == "uncertain":
            size = await self._asked(request) or count
        return self._fitted(request, size, count.bound, counted=True)

    async def _asked(self, request: Request) -> Counted | None:
        """What the provider itself counts; its questions are free."""
        try:
            told = await self.provider.count_tokens(request)
        except ProviderError:
            return None
        return None if told is None else Told(told)

    def _fitted(self, request: Request, size: Counted, bound: int, *, counted: bool) -> Fitted:
        fit = preflight.fit(size, self.cards[0], request.max_output, self.candidates)
        fitted = replace(request, max_output=fit.max_output, output_ceiling=fit.output_ceiling)
        return Fitted(fitted, bound, counted, fit.notes)

    def _check_prices(self) -> None:
        if not self.limits:
            return
        for card in self.cards:
            if worst(1, 1, card)[1] is None:
                raise BudgetError(
                    f"there is a budget, and the price of {card.name} is unknown",
                    hint=f"""agentctl config set 'models."{card.name}".input' 0.15, and .output: in $/MTok""",
                )

    def decide(
        self, tx: Transaction, call: Call, fitted: Fitted, spending: Spending, *, patient: bool, fixed: bool = False
    ) -> Grant | Wait | Refusal | Inexact:
        """Decide by the budgets, of which there is one at least, whether the call may be sent now.

        Args:
            tx: a transaction.
            call: what is to be sent.
            fitted: its request.
            spending: what the command and the call have cost so far.
            patient: whether it can wait for others.
            fixed: whether the request can't be changed any more.
        """
        accounts = budget.standing(tx, self.limits, call.session_id, spending)
        verdict = allowance.decide(
            accounts,
            lambda output: self._cost(fitted.bound, output),
            self._wanted(fitted.request),
            patient=patient,
            fixed=fixed,
        )
        whole = isinstance(verdict, Grant) and verdict.account is None
        rough = not (fitted.counted or fixed) and fitted.bound > _WORTH_COUNTING
        return Inexact() if rough and not whole else verdict

    def reserve(self, tx: Transaction, call: Call, fitted: Fitted, grant: Grant) -> bool:
        """Reserve what was granted; whether it is, for another process may have been faster."""
        usage, cost = self._worst(fitted.bound, grant.output)
        return budget.reserve(tx, call, usage, cost, self.limits)

    def clamped(self, fitted: Fitted, grant: Grant) -> Fitted:
        """Return the request as it may be sent: with an answer no longer than what was granted."""
        if self._cost(fitted.bound, grant.output) == self._cost(fitted.bound, 0):
            return fitted  # a free answer may have any length
        request = replace(fitted.request, max_output=grant.output)
        if grant.account is None:
            return replace(fitted, request=request)
        note = f"the answer is limited to {grant.output:,} tokens: {remaining(grant.account)}"
        return replace(fitted, request=request, notes=(*fitted.notes, note))

    def refused(self, refusal: Refusal) -> BudgetError:
        """The error that says which budget is in the way, what is left of it and when it resets."""
        account, least = refusal.account, _dollars(refusal.least)
        reserved = f", and {_dollars(account.reserved)} more is reserved by calls under way" if account.reserved else ""
        return BudgetError(
            f"{self.cards[0].name}: this call may cost {least} or more, and {remaining(account)}{reserved}",
            hint=_way_out(account),
        )

    def waits(self, wait: Wait) -> str:
        """What to tell the user meanwhile."""
        return f"waiting for calls under way: {_dollars(wait.account.reserved)} {_OF[wait.account.scope]} is reserved"

    def _wanted(self, request: Request) -> int:
        if request.max_output is not None:
            return request.max_output
        return _SAFE_OUTPUT if request.output_ceiling is None else min(request.output_ceiling, USUAL_OUTPUT)

    def _worst(self, bound: int, output: int) -> tuple[Usage, int]:
        """The dearest of what the models would cost, in pico-dollars."""
        found = (
            (usage, ledger.stored(cost) or 0) for usage, cost in (worst(bound, output, card) for card in self.cards)
        )
        return max(found, key=lambda one: one[1])

    def _cost(self, bound: int, output: int) -> int:
        return self._worst(bound, output)[1]


_OF = {
    "command": "of --max-cost",
    "call": "of the budget of a call",
    "session": "of the session's budget",
    "day": "of today's budget",
    "month": "of this month's budget",
}


def remaining(account: Account) -> str:
    """What is left of a limit, in words."""
    return f"{_dollars(max(account.settled, 0))} of {_dollars(account.limit)} {_OF[account.scope]} is left"


def _way_out(account: Account) -> str:
    if account.scope == "command":
        return "a higher --max-cost, a shorter prompt, a lower --max-output, or a cheaper model"
    resets = ""
    if account.resets_at is not None:
        resets = f"it resets at {time.strftime('%Y-%m-%d %H:%M', time.localtime(account.resets_at // 1_000_000))}; "
    return f"{resets}agentctl budget set {account.scope} …, a shorter prompt, a lower --max-output, or a cheaper model"


def _dollars(pico: int) -> str:
    return dollars(from_pico(pico))


def _has_room(bound: int, card: ModelCard, request: Request) -> bool:
    """Whether even so many tokens of input leave room for the longest answer, so that none is cut for a rough bound."""
    longest = request.max_output or card.max_output or 0
    return card.window is None or bound + min(longest, card.max_output or longest) <= card.window


def _prompt(request: Request) -> Prompt:
    return Prompt(request.messages, request.tools, request.schema)
