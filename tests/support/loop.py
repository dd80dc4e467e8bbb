"""Parts to run an agent loop with, all through its public protocols: a provider that plays events, and a journal."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from agentctl.assembly import assemble
from agentctl.attempt import Spent
from agentctl.draft import Piece
from agentctl.errors import AgentctlError
from agentctl.events import AgentEvent, Delta, Receipt, Sending, StreamEvent
from agentctl.messages import Message, Part
from agentctl.providers.base import Preview, Request
from agentctl.usage import Usage

REQUEST = Request("m", ())


@dataclass
class Player:
    """A provider that plays `script`; an exception in it is raised, an `asyncio.Event` is waited for.

    `bill` is what it says an answer cost that broke off: an exception is raised, and None waited for in vain.
    """

    script: Iterable[StreamEvent | AgentctlError | asyncio.Event]
    name: str = "player"
    closed: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    bill: Usage | AgentctlError | None = None
    inquiries: list[str] = field(default_factory=list)
    inquired: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Play the script."""
        try:
            yield Sending()
            self.asked.set()
            for step in self.script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, AgentctlError):
                    raise step
                else:
                    yield step
        finally:
            self.closed = True

    def preview(self, request: Request) -> Preview:
        """Nothing is ever sent."""
        return Preview("POST", "", {}, {})

    async def count_tokens(self, request: Request) -> int | None:
        """Nothing is counted."""
        return None

    async def charged(self, response_id: str) -> Usage | None:
        """What the answer cost."""
        self.inquiries.append(response_id)
        self.inquired.set()
        if isinstance(self.bill, AgentctlError):
            raise self.bill
        if self.bill is None:
            await asyncio.Event().wait()
        return self.bill

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass
class MemoryJournal:
    """A journal that remembers what it was told; `failing` names the methods that raise `trouble`."""

    trouble: AgentctlError | None = None
    failing: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    drafted: list[Delta] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    retried: list[Spent | None] = field(default_factory=list)
    settled: list[tuple[Message | None, Spent]] = field(default_factory=list)
    gate: asyncio.Event | None = None  # where writing a draft waits
    retrying: Callable[[], object] = bool  # called while a failed attempt is recorded
    drafting: asyncio.Event = field(default_factory=asyncio.Event)
    wrote: asyncio.Event = field(default_factory=asyncio.Event)

    def parts(self) -> tuple[Part, ...]:
        """What a reader of the drafts would find."""
        return assemble(self.drafted, "player")

    async def begin(self, request: Request) -> Request:
        """See `agent.Journal`."""
        self._note("begin")
        return request

    async def send(self) -> None:
        """See `agent.Journal`."""
        self._note("send")

    async def draft(self, piece: Piece) -> None:
        """See `agent.Journal`."""
        self._note("draft")
        self.drafting.set()
        if self.gate:
            await self.gate.wait()
        self.drafted += (*piece.counted, *piece.deltas)
        self.pieces.append(piece)
        self.wrote.set()

    async def fail(self, spent: Spent | None) -> None:
        """See `agent.Journal`."""
        self.retrying()
        await asyncio.sleep(0)
        self._note("fail")
        self.retried.append(spent)

    async def again(self) -> None:
        """See `agent.Journal`."""
        self._note("again")

    async def settle(self, message: Message | None, spent: Spent) -> Receipt:
        """See `agent.Journal`."""
        self._note("settle")
        self.settled.append((message, spent))
        return Receipt("player/m", spent.usage or Usage(), spent.status, Decimal(0), Decimal(0), Decimal(0), "id")

    async def release(self) -> Receipt:
        """See `agent.Journal`."""
        self._note("release")
        return Receipt("player/m", Usage(), "final", Decimal(0), Decimal(0), Decimal(0))

    def _note(self, method: str) -> None:
        self.told.append(method)
        if self.trouble and method in self.failing:
            raise self.trouble


async def collect(events: AsyncGenerator[AgentEvent, None]) -> list[AgentEvent]:
    """All events of a turn."""
    return [event async for event in events]
