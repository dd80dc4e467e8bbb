"""A conversation over HTTP whose requests are planned, with time passing as it is told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agentctl.breakpoints import CachePlan
from agentctl.economy.caching import Expectation, plan, shape_of
from agentctl.economy.prices import Prices
from agentctl.messages import Message, Text, ToolCall, ToolResult, ToolSpec, dump, user
from agentctl.providers.base import Request, complete
from agentctl.providers.caching import rules
from agentctl.providers.driver import HttpProvider
from support.caches.pieces import Clock
from support.vendors.bill import Price, count
from support.vendors.plan import Call, Plan, Say
from support.vendors.vendor import Vendor

Gap = Callable[[random.Random], float]
"""How long a person takes, in seconds."""
WORDS = ("cache", "prefix", "token", "block", "turn", "price", "hour", "minute", "read", "write", "mark", "tail")
TOOLS = tuple(
    ToolSpec(
        f"tool_{number}",
        f"Does the thing number {number}. " + "It takes care of all that may come. " * 25,
        {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}}},
    )
    for number in range(8)
)


def prose(rng: random.Random, tokens: int) -> str:
    """So many tokens of text, more or less."""
    return " ".join(rng.choices(WORDS, k=tokens * 2 // 3))


@dataclass
class Talk:
    """A conversation with a vendor.

    Args:
        vendor: the fake one.
        provider: made for it.
        model: by the provider's own name.
        prices: of the model.
        clock: of the vendor's cache.
        least: the fewest tokens that it keeps.
        system: what it begins with.
    """

    vendor: Vendor
    provider: HttpProvider
    model: str
    prices: Prices
    clock: Clock
    least: int = 1024
    system: str = ""
    tools: Sequence[ToolSpec] = TOOLS
    expected: Expectation = "conversation"
    session: str | None = "s-1"
    seed: int = 1
    messages: list[Message] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    plans: list[CachePlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        if self.system:
            self.messages.append(Message("system", (Text(self.system),)))

    def run(self, turns: int, person: Gap, calls: Callable[[random.Random], int]) -> None:
        """Talk for so many turns, each with so many calls of tools, one after the other."""
        asyncio.run(self._run(turns, person, calls))

    def planned(self) -> CachePlan:
        """The plan for what comes next."""
        sizes = count(repr(self.tools)), tuple(count(dump(message)) for message in self.messages)
        cache = rules(self.provider.capabilities, self.model)
        shape = shape_of(self.messages, self.tools, sizes)
        return plan(shape, cache, self.prices, least=self.least, gaps=self.gaps, expected=self.expected)

    async def _run(self, turns: int, person: Gap, calls: Callable[[random.Random], int]) -> None:
        async with aclosing(self.provider):
            for turn in range(turns):
                if turn:
                    self._wait(person(self._rng))
                self.messages.append(user(prose(self._rng, self._rng.randint(50, 400))))
                for _ in range(calls(self._rng)):
                    await self._ask(Plan(Say(prose(self._rng, 30)), Call("tool_1", '{"query": "more"}')))
                    self._answer()
                    self._wait(self._rng.uniform(2, 20))
                await self._ask(Plan(Say(prose(self._rng, self._rng.randint(50, 250)))))

    def _wait(self, seconds: float) -> None:
        self.clock.wait(seconds)
        self.gaps.append(seconds)

    async def _ask(self, answer: Plan) -> None:
        self.vendor.will(answer)
        self.plans.append(self.planned())
        request = Request(self.model, tuple(self.messages), tools=tuple(self.tools), session_id=self.session)
        done = await complete(self.provider, replace(request, cache=self.plans[-1]))
        self.messages.append(done.message)

    def _answer(self) -> None:
        called = [part for part in self.messages[-1].parts if isinstance(part, ToolCall)]
        results = (ToolResult(call.id, prose(self._rng, self._rng.randint(200, 1500))) for call in called)
        self.messages.append(Message("tool", tuple(results)))


def for_input(vendor: Vendor, price: Price) -> Decimal:
    """What the input of all requests cost."""
    return sum((price.of(replace(one.tokens, output=0)) for one in vendor.bill.charges), Decimal(0))


def uncached(vendor: Vendor, price: Price) -> Decimal:
    """What all requests would have cost if nothing were kept."""
    bare = Price(price.input, price.output)
    return sum((bare.of(one.tokens) for one in vendor.bill.charges), Decimal(0))
