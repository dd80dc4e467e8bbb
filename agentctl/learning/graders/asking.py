"""Asks models to judge answers: a question each, in the ledger and under the budgets as any other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from agentctl.conversation import Conversation, Options
from agentctl.economy.catalog import Catalog
from agentctl.errors import AgentctlError, InterruptError
from agentctl.events import Failed, Finished
from agentctl.learning.wallet import Wallet
from agentctl.messages import Message, user
from agentctl.store.base import Database
from agentctl.target import Target

_LONGEST = 2_000  # tokens of a verdict; one that reasons needs more than it says


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a model questions that are no part of a conversation; what they cost is booked.

    Args:
        db: where that is booked.
        catalog: what calls cost.
        target: makes the model, anew for each question, for connections last as long as an event loop.
        wallet: what pays for it.
        tag: what the calls are booked under.
        notify: told what the user should know.
    """

    db: Database
    catalog: Catalog
    target: Callable[[], Target]
    wallet: Wallet
    tag: str | None
    notify: Callable[[str], None]

    def __call__(self, question: str) -> str:
        """Return the whole answer.

        Raises:
            AgentctlError: there is none; what it cost all the same is charged.
        """
        conversation = Conversation(
            self.db,
            self.catalog,
            self.target(),
            Options(_LONGEST),
            keep=False,
            tag=self.tag,
            allowance=self.wallet.allowance,
            caching=None,
        )
        try:
            message = asyncio.run(self._answer(conversation, question))
        finally:
            self.wallet.pay(conversation.spent)
        if message.stop_reason != "end_turn":
            raise AgentctlError(
                f"the judge's answer ended early: {message.stop_reason}", hint="try another model as the judge"
            )
        return message.text.strip()

    async def _answer(self, conversation: Conversation, question: str) -> Message:
        last: Finished | Failed | None = None
        try:
            with conversation.turn(user(question), self.notify) as events:
                async with aclosing(events):
                    async for event in events:
                        last = event if isinstance(event, Finished | Failed) else last
        finally:
            await conversation.aclose()
        if isinstance(last, Failed):
            raise last.error
        if last is None or last.message is None or last.message.stop_reason == "cancelled":
            raise InterruptError
        return last.message
