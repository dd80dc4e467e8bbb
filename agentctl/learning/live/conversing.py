"""An action that asks a model through the agent loop: what it may cost is reserved before, and booked after."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from agentctl.asking import Options
from agentctl.conversation import Conversation
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import format_usd
from agentctl.economy.worst import longest_answer
from agentctl.errors import BudgetError, InterruptError
from agentctl.events import Failed, Finished
from agentctl.learning.live import answers
from agentctl.learning.live.collecting import Asked
from agentctl.learning.wallet import Wallet
from agentctl.messages import Message, Text
from agentctl.store.base import Database
from agentctl.target import Target

TAG = "train"
"""What the calls are booked under, where the user set nothing else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls are booked, and what pays for them."""

    db: Database
    catalog: Catalog
    wallet: Wallet
    notify: Callable[[str], None]
    tag: str = TAG


@dataclass(frozen=True, slots=True)
class ModelAction:
    """Asks `target` as `options` and the system prompt say; see `collecting.Action`. No conversation is kept."""

    place: Place
    target: Target
    options: Options
    system: str | None = None

    def key(self, prompt: str) -> str:
        """See `answers.key`."""
        return answers.key(prompt, self.target.name, self.options.effort, self.system)

    async def ask(self, prompt: str) -> Asked:
        """Ask it.

        Raises:
            BudgetError: it may cost too much, or a budget left room for a part of the answer only.
            AgentctlError: there is no answer.
        """
        place = self.place
        conversation = Conversation(
            place.db, place.catalog, self.target, self.options,
            system=self.system, keep=False, tag=place.tag, allowance=place.wallet.allowance, caching="loop",
        )  # fmt: skip
        try:
            return self._asked(await self._last(conversation, prompt))
        finally:
            place.wallet.pay(conversation.spent)

    async def _last(self, conversation: Conversation, prompt: str) -> Finished | Failed | None:
        last: Finished | Failed | None = None
        with conversation.turn(Message("user", (Text(prompt),)), self.place.notify) as events:
            async with aclosing(events):
                async for event in events:
                    last = event if isinstance(event, Finished | Failed) else last
        return last

    def _asked(self, last: Finished | Failed | None) -> Asked:
        if isinstance(last, Failed):
            raise last.error
        if last is None or last.message is None or last.message.stop_reason == "cancelled":
            raise InterruptError
        receipt = last.receipt
        if last.message.stop_reason == "max_tokens" and receipt.usage.output < self._longest():
            raise BudgetError(  # it is not what the model would have answered, and no outcome
                f"the budget left room for {receipt.usage.output:,} tokens of {self.target.name}'s answer, and it "
                "needs more",
                hint="a higher budget",
            )
        cost = None if receipt.cost is None else format_usd(receipt.cost)
        return Asked(last.message.text, receipt.usage.buckets(), cost)

    def _longest(self) -> int:
        """Tokens that an answer could have with enough money; 0 where no budget makes any shorter."""
        if self.place.wallet.allowance() is None:
            return 0
        return longest_answer(self.options.max_output, self.target.card.max_output)

    async def aclose(self) -> None:
        """Let go of the provider's connections."""
        await self.target.provider.aclose()
