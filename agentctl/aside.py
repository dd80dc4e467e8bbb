"""A question to the model that is no part of a conversation: its answer is for the program, and not shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from decimal import Decimal

from agentctl.agent import Agent
from agentctl.errors import InterruptError
from agentctl.events import Failed, Finished, Notice
from agentctl.messages import Message
from agentctl.providers.base import Request

Answer = tuple[Message, Decimal | None]
"""What was said, and what that cost in dollars, None if it is unknown."""


async def ask(agent: Agent, request: Request, notify: Callable[[str], None]) -> Answer:
    """Return the answer and its cost; `notify` is told of retries.

    Raises:
        AgentctlError: there is none; what it cost all the same is charged.
    """
    last: Finished | Failed | None = None
    async with aclosing(agent.run(request)) as events:
        async for event in events:
            if isinstance(event, Notice):
                notify(event.text)
            elif isinstance(event, Finished | Failed):
                last = event
    if isinstance(last, Failed):
        raise last.error
    if last is None or last.message is None or last.message.stop_reason == "cancelled":
        raise InterruptError
    return last.message, last.receipt.cost
