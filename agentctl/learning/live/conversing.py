"""An action that asks a model through the agent loop: what it may cost is reserved before, and booked after."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from agentctl.asking import Options
from agentctl.conversation import Conversation
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import format_usd
from agentctl.errors import InterruptError
from agentctl.events import Failed, Finished
from agentctl.learning.live import answers
from agentctl.learning.live.collecting import Asked
from agentctl.messages import Message, Text
from agentctl.store.base import Database
from agentctl.target import Allowance, Target

TAG = "train"
"""What the calls are booked under, where the user set nothing else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls are booked, and what they may cost; `allowance` is asked before each."""

    db: Database
    catalog: Catalog
    allowance: Callable[[], Allowance | None]
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
            AgentctlError: there is no answer.
        """
        place = self.place
        conversation = Conversation(
            place.db, place.catalog, self.target, self.options,
            system=self.system, keep=False, tag=place.tag, allowance=place.allowance, caching="loop",
        )  # fmt: skip
        last: Finished | Failed | None = None
        with conversation.turn(Message("user", (Text(prompt),)), place.notify) as events:
            async with aclosing(events):
                async for event in events:
                    last = event if isinstance(event, Finished | Failed) else last
        if isinstance(last, Failed):
            raise last.error
        if last is None or last.message is None or last.message.stop_reason == "cancelled":
            raise InterruptError
        receipt = last.receipt
        cost = None if receipt.cost is None else format_usd(receipt.cost)
        return Asked(last.message.text, receipt.usage.buckets(), cost)

    async def aclose(self) -> None:
        """Let go of the provider's connections."""
        await self.target.provider.aclose()
